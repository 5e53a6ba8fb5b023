/**
 * Calling deployments from code: a client typed by the pipeline, an untyped one, and what a deployment says of itself.
 * It needs the definitions only, nothing of the runtime or of a deployer.
 *
 * **Details**
 *
 * A deployment known by name can be replaced while it is called: a request that certainly was not carried out is made
 * again where the registry leads by then, for two seconds at most. What may have been run is never repeated: a connection
 * that broke off during an invocation is a `DeploymentHttpError` for the caller to judge. A deployment given by URL is
 * asked once.
 *
 * `invoke` waits and interrupts the run when its caller goes away. `start` has it go on by itself, and `events`,
 * `awaitRun` and `cancel` take its id; what happens in a run can be followed, and taken up again where it broke off.
 *
 * @since 0.1.0
 */

export { coerce } from "./Client/Coerce.js"
export {
  type Direct,
  direct,
  type Endpoint,
  Endpoints,
  layerStatic,
  type Ref,
  type ResolveError
} from "./Client/Endpoints.js"
export { exampleOf } from "./Client/Example.js"
export { events, stream } from "./Client/Follow.js"
export {
  type Client,
  type Definition,
  type Invocation,
  invoke,
  make
} from "./Client/Invoke.js"
export type { InvokeOptions } from "./Client/InvokeRequest.js"
export type { JsonSchema } from "./Client/JsonSchema.js"
export { cancel, example, Health, health, metrics, run, runs, schema } from "./Client/Queries.js"
export { type FindError, find, type Requirements } from "./Client/Retry.js"
export { type Ended, type EndingError, outputsOf } from "./Client/RunResult.js"
export type { Schemas } from "./Client/Schemas.js"
export { awaitRun, start } from "./Client/Start.js"
export type { InvokeError, QueryError, StartError } from "./Client/Wire.js"
export { RunMetadata } from "./Contract/Envelope.js"
export { RunPage } from "./Contract/Responses.js"
export { type Paths, paths } from "./Contract/Routes.js"
export { RunEvent } from "./Contract/RunEvent.js"
export { Run } from "./Contract/RunRecord.js"
