/**
 * The root entry under the condition `browser`: the parts that import nothing of Node. A bundler resolves every import of
 * an entry before it drops unused ones, so the entry for Node cannot reach a browser bundle.
 */

export * as Artifacts from "./Artifacts.js"
export * as Batch from "./Batch.js"
export * as Client from "./Client.js"
export * as App from "./Contract/App.js"
export * as Contract from "./Contract.js"
export * as DeploymentEvent from "./Deployment/DeploymentEvent.js"
export * as Deployment from "./Deployment.js"
export * as Errors from "./Errors.js"
export * as File from "./File.js"
export * as Health from "./Health.js"
export * as Input from "./Input.js"
export * as Output from "./Output.js"
export * as Pipeline from "./Pipeline.js"
export * as Run from "./Run.js"
export * as Session from "./Session.js"
export * as Settings from "./Settings.js"
export * as Step from "./Step.js"
