/**
 * Calls of deployments: a client typed by a contract or a pipeline, untyped calls, and questions about a deployment. It
 * imports nothing of the runtime, of a deployer or of Node.
 *
 * **Details**
 *
 * A deployment known by name may be replaced during a call: a request that no service accepted is repeated at the new URL,
 * for two seconds at most. A request that may have started a run is never repeated: a connection that breaks during an
 * invocation is a `DeploymentHttpError`. A deployment given by URL gets one request.
 *
 * `invoke` waits for the run, and its interruption interrupts the run. A run of `start` continues without its caller:
 * `events`, `awaitRun` and `cancel` take its id. `events` continues after a broken connection.
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
