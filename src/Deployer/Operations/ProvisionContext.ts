import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Share } from "../../Deployment/Candidate.js"
import type { Warning } from "../../Deployment/Warning.js"
import { type Deployment, OperationalState } from "../../Deployment.js"
import { DeploymentCheckFailed } from "../../Errors/Check.js"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { InstanceRecord } from "../../Flavor/InstanceRecord.js"
import { timeoutTo } from "../../Internal/Deadline.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import type { DeploymentRecord, Lease, Operation } from "../../Store/DeploymentStore.js"
import type { AnalyticsEvent } from "../Analytics.js"
import type { Decision } from "../AuthKeys.js"
import type { DeployerContext, Journal } from "../DeployerContext.js"
import type { Request } from "../Requests.js"

/** One change of a deployment after its intent was recorded. */
export interface ProvisionContext {
  readonly context: DeployerContext
  readonly lease: Lease
  readonly request: Request
  /** The deployment when the lease was taken. */
  readonly before: DeploymentRecord
  readonly operation: Operation
  readonly journal: Journal
  readonly auth: Decision
  /** True if the old instance has to stop before the new one can serve. */
  readonly exclusive: boolean
  /** True if the new instance runs the check of its pipeline. */
  readonly checks: boolean
  /** The work that has to end before callers reach the new instance. */
  readonly gate: Effect.Effect<void, DeploymentProvisionFailed>
  /** True if the old instance was stopped before the commit. */
  readonly oldStopped: Ref.Ref<boolean>
  /** The share of the new instance, if it becomes a candidate. */
  readonly share: Share | undefined
}

/** The instance a change makes. */
export const newInstance = ({ before, operation }: { before: DeploymentRecord; operation: Operation }): Instance => ({
  deploymentId: before.deployment.id,
  name: before.deployment.name,
  generation: operation.generation
})

/** True if the last known state is an instance that serves and will be replaced. */
export const replacesServing = ({ before: { deployment } }: { before: DeploymentRecord }): boolean =>
  deployment.generation > 0 && deployment.desired === "running" && deployment.status === "running"

/** The last known state of a deployment, in the form a backend observes it. */
export const lastState = ({ deployment }: DeploymentRecord): OperationalState =>
  new OperationalState({
    status: deployment.status,
    metadata: deployment.metadata,
    ...(deployment.url === undefined ? {} : { url: deployment.url })
  })

/** The warnings of a request. */
export const warningsOf = (
  { backend }: DeployerContext,
  { settings, snapshot }: Request
): Effect.Effect<ReadonlyArray<Warning>> => backend.warnings?.(snapshot, settings) ?? Effect.succeed([])

/** The reference of a deployment row to its snapshot. */
export const reference = ({ id, pipelineName, version }: Snapshot): Deployment["snapshot"] => ({
  id,
  pipelineName,
  version
})

/**
 * The record of a revision for the files of its instance.
 *
 * @param registryId the registry's id at that moment
 */
export const recordOf = (
  { backend }: DeployerContext,
  registryId: string,
  { deploymentId, generation, name }: Instance,
  {
    authKey,
    authKeys,
    intake,
    isCandidate = false,
    settings,
    snapshot
  }: {
    readonly snapshot: Snapshot
    readonly intake: Deployment["intake"]
    readonly isCandidate?: boolean
  } & Pick<DeploymentRecord, "authKey" | "authKeys" | "settings">
): InstanceRecord => ({
  formatVersion: 1,
  registryId,
  deployer: { flavor: backend.flavor, name: backend.name },
  deployment: { id: deploymentId, name },
  generation,
  snapshot,
  settings,
  ...(authKey === undefined ? {} : { authKey: { digest: authKey.digest, sealed: authKey.sealed } }),
  authKeys,
  ...(intake === undefined ? {} : { intake }),
  ...(isCandidate ? { isCandidate } : {})
})

/** The last log lines of an instance since an operation began, for error messages; none if they cannot be read within 2 s. */
export const lastLogs = (
  context: DeployerContext,
  instance: Instance,
  since: DateTime.Utc
): Effect.Effect<ReadonlyArray<string>> =>
  context.backend.logs(instance, { tail: 20, since: DateTime.toEpochMillis(since) }).pipe(
    Stream.map((line) => line.text),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray),
    timeoutTo({ duration: "2 seconds", onTimeout: () => [] }),
    Effect.orElseSucceed(() => [])
  )

/** Runs a lifecycle operation with a journal of its own: its first event, its last one, and its report to analytics. */
export const instrument = <A, E extends { readonly _tag: string; readonly message: string }, R>(
  context: DeployerContext,
  record: DeploymentRecord,
  operation: AnalyticsEvent["operation"],
  use: (journal: Journal) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const { deployment } = record
    const journal = context.journals.open({
      deploymentId: deployment.id,
      deploymentName: deployment.name,
      operation,
      operationId: yield* context.ids.next
    })
    const startedAt = yield* Clock.currentTimeMillis
    yield* journal.emit("operation_started")
    return yield* Effect.onExit(use(journal), (exit) =>
      Effect.gen(function* () {
        const ended = endingOf(exit)
        yield* journal.emit(ended.succeeded ? "operation_finished" : "operation_failed", ended.data)
        yield* context.analytics.track({
          operation,
          succeeded: ended.succeeded,
          durationMillis: (yield* Clock.currentTimeMillis) - startedAt,
          flavor: context.backend.flavor,
          deploymentId: deployment.id,
          pipelineName: deployment.snapshot.pipelineName,
          generation: deployment.generation,
          failure: ended.data.failure
        })
      })
    )
  })

/** The reason why a change failed, for the registry. */
export const reasonOf = (cause: Cause.Cause<{ readonly message: string }>): string =>
  Option.match(Cause.failureOption(cause), { onNone: () => unexpected(cause), onSome: (error) => error.message })

/** The same failure with the last lines of the instance's log, if it has a field for them. */
export const withLogs = <E extends { readonly _tag: string }>(
  error: E,
  logs: ReadonlyArray<string>
): E | DeploymentCheckFailed | DeploymentProvisionFailed | DeploymentTimeout => {
  if (error instanceof DeploymentCheckFailed) return new DeploymentCheckFailed({ ...error, logs })
  if (error instanceof DeploymentProvisionFailed) {
    return new DeploymentProvisionFailed({ ...error, logs: error.logs.length > 0 ? error.logs : logs })
  }
  return error instanceof DeploymentTimeout ? new DeploymentTimeout({ ...error, logs }) : error
}

// internal

interface Ending {
  readonly succeeded: boolean
  readonly data: { readonly failure?: string; readonly reason?: string }
}

const endingOf = <A, E extends { readonly _tag: string; readonly message: string }>(exit: Exit.Exit<A, E>): Ending => {
  if (Exit.isSuccess(exit)) return { succeeded: true, data: {} }
  const { cause } = exit
  const failure = Option.map(Cause.failureOption(cause), ({ _tag }) => ({ failure: _tag }))
  return { succeeded: false, data: { ...Option.getOrUndefined(failure), reason: reasonOf(cause) } }
}

const unexpected = (cause: Cause.Cause<unknown>): string =>
  Cause.isInterrupted(cause) ? "it was interrupted" : "an unexpected failure"
