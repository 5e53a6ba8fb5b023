/**
 * Typed pipelines as running HTTP services.
 *
 * @since 0.1.0
 */

export * as Bundle from "./Bundle.js"
export * as Client from "./Client/WithRegistry.js"
export * as Contract from "./Contract.js"
export * as Analytics from "./Deployer/Analytics.js"
export * as Readiness from "./Deployer/Readiness.js"
export * as Reconciler from "./Deployer/Reconciler.js"
export * as Deployer from "./Deployer.js"
export * as DeploymentEvent from "./Deployment/DeploymentEvent.js"
export * as Deployment from "./Deployment.js"
export * as Errors from "./Errors.js"
export * as Pipeline from "./Pipeline.js"
export * as Run from "./Run.js"
export * as Settings from "./Settings.js"
export * as Snapshot from "./Snapshot.js"
export * as Step from "./Step.js"
export * as Home from "./Store/Home.js"
export * as Ids from "./Store/Ids.js"
