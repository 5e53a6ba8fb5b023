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

export { artifact, artifacts } from "./Client/Artifacts.js"
export { coerce } from "./Client/Coerce.js"
export { retry, signal } from "./Client/Commands.js"
export {
  type Direct,
  direct,
  type Endpoint,
  Endpoints,
  layerStatic,
  type Proof,
  type Ref,
  type ResolveError
} from "./Client/Endpoints.js"
export { exampleOf } from "./Client/Example.js"
export { events, stream } from "./Client/Follow.js"
export {
  type Client,
  type Definition,
  type EventsOf,
  type Invocation,
  invoke,
  invokeBinary,
  make,
  type Streamed
} from "./Client/Invoke.js"
export type { InvokeOptions } from "./Client/InvokeRequest.js"
export type { JsonSchema } from "./Client/JsonSchema.js"
export { output } from "./Client/Output.js"
export { type EndpointError, endpoints } from "./Client/OwnEndpoints.js"
export { cancel, example, Health, health, logs, metrics, run, runs, schema } from "./Client/Queries.js"
export { type FindError, find, type Requirements } from "./Client/Retry.js"
export { type Ended, type EndingError, outputsOf } from "./Client/RunResult.js"
export { fireSchedule, pauseSchedule, resumeSchedule, schedules } from "./Client/Schedules.js"
export type { Schemas } from "./Client/Schemas.js"
export { deleteSession, session, sessions } from "./Client/Sessions.js"
export { awaitRun, start } from "./Client/Start.js"
export { pauseTrigger, resumeTrigger, triggers } from "./Client/Triggers.js"
export { retryWebhook, webhooks } from "./Client/Webhooks.js"
export type { InvokeError, KeyError, QueryError, RunEnd, StartError } from "./Client/Wire.js"
export { Artifact, ArtifactList } from "./Contract/Artifacts.js"
export { RunMetadata } from "./Contract/Envelope.js"
export { RunPage } from "./Contract/Responses.js"
export { type Paths, paths } from "./Contract/Routes.js"
export { RunEvent } from "./Contract/RunEvent.js"
export { RunLogLine, RunLogPage } from "./Contract/RunLog.js"
export { Run, RunSummary } from "./Contract/RunRecord.js"
export { Firing, ScheduleList, ScheduleStatus } from "./Contract/Schedules.js"
export { SessionPage, SessionRecord, SessionState, SessionSummary } from "./Contract/Sessions.js"
export { TriggerList, TriggerStatus } from "./Contract/Triggers.js"
export { DeliveryState, WebhookDelivery, WebhookPage } from "./Contract/Webhooks.js"
