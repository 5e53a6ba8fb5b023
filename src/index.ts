/**
 * Typed pipelines as running HTTP services.
 *
 * @since 0.1.0
 */

export * as Analytics from "./Analytics.js"
export * as Bundle from "./Bundle.js"
export * as Client from "./Client.js"
export * as Deployer from "./Deployer.js"
export * as Deployment from "./Deployment.js"
export * as DeploymentEvent from "./DeploymentEvent.js"
export * as Errors from "./Errors.js"
export * as Home from "./Home.js"
export * as Ids from "./Ids.js"
export * as Pipeline from "./Pipeline.js"
export * as Readiness from "./Readiness.js"
export * as Reconciler from "./Reconciler.js"
export * as Run from "./Run.js"
export * as Settings from "./Settings.js"
export * as Snapshot from "./Snapshot.js"
export * as Step from "./Step.js"
