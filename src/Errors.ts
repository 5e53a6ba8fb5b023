/**
 * Every failure of this library as a tagged error: data fields, a sentence a user can act on as `message`, and the HTTP
 * status it answers with as an annotation.
 */

export * from "./Contract/ErrorCodes.js"
export * from "./Contract/ErrorKinds.js"
export * from "./Contract/Errors.js"
export * from "./Errors/Artifacts.js"
export * from "./Errors/Canary.js"
export * from "./Errors/Check.js"
export * from "./Errors/Descriptions.js"
export * from "./Errors/Images.js"
export * from "./Errors/Input.js"
export * from "./Errors/Issue.js"
export { isDeployersError, TypeId } from "./Errors/Kind.js"
export * from "./Errors/Lifecycle.js"
export * from "./Errors/Pipelines.js"
export * from "./Errors/PipelineTypes.js"
export * from "./Errors/Runs.js"
export * from "./Errors/Sessions.js"
export * from "./Errors/Stacks.js"
export * from "./Errors/Stores.js"
export * from "./Errors/Supervisors.js"
