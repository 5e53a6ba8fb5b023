/**
 * The kit for writing a flavor: a way to run deployments. A flavor implements a {@link Backend}; `Deployer.layer` makes a
 * deployer of it.
 */
export * from "./Backend.js"
export * from "./Canary.js"
export * as Environment from "./Environment.js"
export * as ErrorText from "./ErrorText.js"
export * as Fingerprint from "./Fingerprint.js"
export * from "./Instance.js"
export * as InstanceFiles from "./InstanceFiles.js"
export * as InstanceIntake from "./InstanceIntake.js"
export * as InstanceManifest from "./InstanceManifest.js"
export * as InstanceRecord from "./InstanceRecord.js"
export * as LogReader from "./LogReader.js"
export * as Ports from "./Ports.js"
export * as ServiceProcess from "./ServiceProcess.js"
