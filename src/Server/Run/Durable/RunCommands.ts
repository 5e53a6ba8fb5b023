/** Signals to runs, and their cancelling and retries. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import {
  type InvalidRequest,
  RunHasEnded,
  RunNotFound,
  RunNotRetryable,
  type ServiceUnavailable
} from "../../../Contract/Errors.js"
import * as RunEvent from "../../../Contract/RunEvent.js"
import type * as Pipeline from "../../../Pipeline.js"
import * as Settings from "../../../Settings/Serving.js"
import type { Run, StepRun } from "../../../Store/RunStore.js"
import { Invocation } from "../Invocation.js"
import * as InvokeRequest from "../InvokeRequest.js"
import { RunQueries } from "../Records/RunQueries.js"
import type * as Response from "../Response.js"
import { Service } from "../Service.js"
import * as ValidationIssues from "../ValidationIssues.js"
import * as Kept from "./Kept.js"
import { RunSignals } from "./RunSignals.js"

/** Stores a signal of a run that is queued or running. The body is checked by the Schema of the wait, if the run waits. */
export const signal = (
  runId: string,
  name: string,
  data: unknown
): Effect.Effect<
  void,
  InvalidRequest | RunNotFound | RunHasEnded | ServiceUnavailable,
  RunQueries | RunSignals | Service
> =>
  Effect.gen(function* () {
    const queries = yield* RunQueries
    const service = yield* Service
    const signals = yield* RunSignals
    const run = yield* queries.find(runId)
    if (!RunEvent.isGoing(run.status)) return yield* ended(run)
    const issues = yield* service.checkSignal({ runId, name, data })
    if (issues.length > 0) return yield* ValidationIssues.invalidRequest(issues)
    const sent = yield* queries.signal({ runId, name, data })
    if (Option.isSome(sent)) return signals.nudge(runId)
    const now = yield* queries.find(runId)
    return yield* RunEvent.isGoing(now.status) ? notStarted(runId) : ended(now)
  })

/** Asks for the end of a run in any process. A run that has ended does not change, and is returned. */
export const cancel = (
  runId: string
): Effect.Effect<Run | undefined, RunNotFound | ServiceUnavailable, RunQueries | Service> =>
  Effect.gen(function* () {
    const queries = yield* RunQueries
    const service = yield* Service
    if (yield* service.cancel(runId)) return undefined
    const run = yield* queries.find(runId)
    if (!RunEvent.isGoing(run.status)) return run
    yield* queries.cancel(runId)
    return undefined
  })

/** Starts a new run with the parameters of a run that has ended, and with the results of its steps if asked for. */
export const retry = (
  { pipeline, serving }: { readonly pipeline: Pipeline.Any; readonly serving: Settings.Serving },
  runId: string,
  from: "failed" | "start",
  origin: InvokeRequest.Origin
): Effect.Effect<Response.Response, RunNotFound | RunNotRetryable | ServiceUnavailable, Invocation | RunQueries> =>
  Effect.gen(function* () {
    const queries = yield* RunQueries
    const { invoke } = yield* Invocation
    const run = yield* queries.find(runId)
    if (RunEvent.isGoing(run.status)) {
      return yield* refused(runId, "inProgress", "it is in progress; wait for its end, or cancel it")
    }
    if (isUnknown(run, pipeline)) {
      return yield* refused(runId, "noData", "it is recorded without its data, as with skipArtifacts")
    }
    const kept = from === "failed" ? yield* keptOf(run, serving) : undefined
    const value = { parameters: run.parameters }
    const text = JSON.stringify(value)
    return yield* invoke(
      { value, text, isPlain: false },
      { ...InvokeRequest.optionsOf("async", { ...origin, session: run.session }), kept }
    )
  })

// internal

const ended = ({ id, status }: Run) =>
  new RunHasEnded({ message: `The run has ended as ${status}, so it takes no signal.`, runId: id })

/** A run that waits for a place is on record when it starts. */
const notStarted = (runId: string) =>
  new RunNotFound({ message: "The run waits for its start, so it takes no signal yet; try again in a moment.", runId })

const refused = (runId: string, reason: RunNotRetryable["reason"], clause: string) =>
  new RunNotRetryable({ message: `Run ${runId} cannot be retried: ${clause}.`, runId, reason })

const keptOf = (run: Run, serving: Settings.Serving) =>
  Effect.gen(function* () {
    if (run.status === "succeeded") {
      return yield* refused(run.id, "succeeded", 'it has succeeded, so no step failed; retry it from "start"')
    }
    const { journal } = yield* RunQueries
    const recorded = yield* journal(run.id)
    if (Settings.recoveryOf(serving) !== "resume" || (recorded.journal.length === 0 && recorded.steps.length > 0)) {
      return yield* refused(
        run.id,
        "noResults",
        'the results of its steps are not kept for another run, which needs the serving setting recovery: "resume"; retry it from "start"'
      )
    }
    return Kept.keptOf(recorded)
  })

/**
 * True when the parameters of a run are not on record. A run without recorded data has the parameters `{}`, which may also
 * be its real ones: they are, if other data of the run is on record, or if the pipeline takes no parameters.
 */
const isUnknown = (run: Run, { input }: Pipeline.Any): boolean => {
  const { parameters, steps = [] } = run
  const isEmpty = Predicate.isRecord(parameters) && Object.keys(parameters).length === 0
  const takesNothing = input.ast._tag === "TypeLiteral" && input.ast.propertySignatures.length === 0
  return isEmpty && !takesNothing && hasNoData(run) && steps.every(hasNoData)
}

const hasNoData = ({ error, outputs }: Pick<Run | StepRun, "outputs" | "error">): boolean =>
  outputs === undefined && !Predicate.hasProperty(error, "message")
