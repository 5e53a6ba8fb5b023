/**
 * The control API: a deployer for programs on other machines.
 *
 * @since 0.2.0
 */
export * as ControlApi from "./Api.js"
export * as ControlRecords from "./Records.js"
export * as RemoteDeployer from "./RemoteDeployer.js"
export * as Control from "./Server.js"
