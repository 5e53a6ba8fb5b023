import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { AnalyticsEvent } from "../Analytics.js"
import type { DeployerContext } from "../DeployerContext.js"
import type { Journal } from "../Journal.js"

/** Runs a lifecycle operation with a journal of its own: its first event, its last one, and its report to analytics. */
export const tracked = <
  A,
  E extends { readonly _tag: string; readonly message: string },
  R,
  S extends Settings.Deployment,
  SI extends Settings.DeploymentInput
>(
  kit: DeployerContext<S, SI>,
  record: DeploymentRecord,
  operation: AnalyticsEvent["operation"],
  use: (journal: Journal) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const { deployment } = record
    const journal = kit.journals.open({
      deploymentId: deployment.id,
      deploymentName: deployment.name,
      operation,
      operationId: yield* kit.ids.next
    })
    const startedAt = yield* Clock.currentTimeMillis
    yield* journal.emit("operation_started")
    return yield* Effect.onExit(use(journal), (exit) =>
      Effect.gen(function* () {
        const ended = ending(exit)
        yield* journal.emit(ended.succeeded ? "operation_finished" : "operation_failed", ended.data)
        yield* kit.analytics.track({
          operation,
          succeeded: ended.succeeded,
          durationMillis: (yield* Clock.currentTimeMillis) - startedAt,
          flavor: kit.backend.flavor,
          deploymentId: deployment.id,
          pipelineName: deployment.snapshot.pipelineName,
          generation: deployment.generation,
          failure: ended.data.failure
        })
      })
    )
  })

// internal

interface Ending {
  readonly succeeded: boolean
  readonly data: { readonly failure?: string; readonly reason?: string }
}

const ending = <A, E extends { readonly _tag: string; readonly message: string }>(exit: Exit.Exit<A, E>): Ending => {
  if (Exit.isSuccess(exit)) return { succeeded: true, data: {} }
  return Option.match(Cause.failureOption(exit.cause), {
    onSome: ({ _tag, message }) => ({ succeeded: false, data: { failure: _tag, reason: message } }),
    onNone: () => ({
      succeeded: false,
      data: { reason: Cause.isInterrupted(exit.cause) ? "it was interrupted" : "an unexpected failure" }
    })
  })
}
