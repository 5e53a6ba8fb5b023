import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../../Errors/Lifecycle.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { AnalyticsEvent } from "../Analytics.js"
import type { DeployerContext } from "../DeployerContext.js"
import type { Journal } from "../Journal.js"

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
): E | DeploymentProvisionFailed | DeploymentTimeout => {
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
