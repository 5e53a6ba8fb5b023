/** Invocations that a caller may repeat: a key that the caller chose stands for one run, however often it is sent. */
import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import {
  IdempotencyConflict,
  type InvalidRequest,
  RunInterrupted,
  type ServiceUnavailable
} from "../../Contract/Errors.js"
import * as RunEvent from "../../Contract/RunEvent.js"
import type * as Settings from "../../Settings.js"
import { Ids } from "../../Store/Ids.js"
import type { Claim } from "../../Store/RunStore.js"
import type { ActiveRun } from "./Execution/ActiveRun.js"
import { Invocation } from "./Invocation.js"
import * as InvokeRequest from "./InvokeRequest.js"
import { RunQueries } from "./Records/RunQueries.js"
import * as Response from "./Response.js"
import type { Parsed } from "./SafeJson.js"
import * as ValidationIssues from "./ValidationIssues.js"

export interface KeyedRequest extends InvokeRequest.Origin {
  readonly body: Parsed
  /** The value of `Idempotency-Key`. */
  readonly key: string
  readonly view: InvokeRequest.ResponseMode
  readonly serving: Settings.Serving
}

/** The answer of the run, or the run whose events the caller follows. */
export type KeyedOutcome =
  | {
      readonly _tag: "Answer"
      readonly answer: Response.Response
      /** The run whose stored answer this is. */
      readonly replayOf?: string | undefined
    }
  | { readonly _tag: "Follow"; readonly runId: string }

/**
 * Runs the pipeline, or repeats the answer to the earlier run of the key.
 *
 * The key is claimed on disk before the run starts, and its answer is stored with the end of the run, so a crash never
 * repeats a run. The caller may send the key again, so the run continues when its caller disconnects. A request that is
 * refused before its run starts claims nothing.
 */
export const invoke = (
  asked: KeyedRequest
): Effect.Effect<
  KeyedOutcome,
  IdempotencyConflict | InvalidRequest | RunInterrupted | ServiceUnavailable,
  Ids | Invocation | RunQueries
> =>
  Effect.gen(function* () {
    const key = yield* checked(asked)
    const { claim } = yield* RunQueries
    const digest = digestOf(asked)
    const runId = yield* Effect.flatMap(Ids, ({ next }) => next)
    const earlier = yield* claim({ key, digest, runId })
    if (Option.isNone(earlier)) return yield* first(asked, { key, runId })
    return earlier.value.digest === digest ? yield* again(asked, earlier.value) : yield* conflict
  })

// internal

const longestKey = 255

const checked = ({ body, key, serving }: KeyedRequest): Effect.Effect<string, InvalidRequest> => {
  const problem = (path: string, reason: string) =>
    ValidationIssues.invalidRequest([ValidationIssues.make([path], reason)])
  if (serving.recording === "none") {
    return problem("Idempotency-Key", "cannot be honoured by a deployment that records nothing; leave it out")
  }
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > longestKey) {
    return problem("Idempotency-Key", `must be 1 to ${longestKey} visible ASCII characters`)
  }
  return Predicate.isRecord(body.value) && body.value["skipArtifacts"] === true
    ? problem("skipArtifacts", "cannot be combined with Idempotency-Key, for which the answer is kept")
    : Effect.succeed(key)
}

/** A run of another session is another request. */
const digestOf = ({ body, session }: KeyedRequest): string => {
  const hash = createHash("sha256").update(body.text)
  return (session === undefined ? hash : hash.update(`\n${session}`)).digest("hex")
}

const conflict = new IdempotencyConflict({
  message: "This idempotency key was used with another body; take a new key for another request."
})

const first = (
  { body, caller, files, parent, request, requestId, session, view, webhook }: KeyedRequest,
  claim: { readonly key: string; readonly runId: string }
) =>
  Effect.gen(function* () {
    const { call } = yield* Invocation
    const { release } = yield* RunQueries
    let run: ActiveRun | undefined
    const onAccepted = (accepted: ActiveRun) => {
      run = accepted
    }
    const origin = { requestId, parent, caller, session, request, files, webhook }
    const manner = { isDetached: view !== "wait", onAccepted, claim, ...origin }
    const answer = yield* Effect.async<Response.Response>((resume) => {
      call(body, (answer) => resume(Effect.succeed(answer)), manner)
    })
    const isAccepted = answer.status === 202
    if (!isAccepted && run?.hasBegun !== true && run?.isContinued !== true) yield* release(claim)
    return isAccepted && InvokeRequest.isFollowing(view) ? follow(claim.runId) : answered(answer)
  })

const again = ({ key, view }: KeyedRequest, { runId }: Claim) =>
  Effect.gen(function* () {
    if (InvokeRequest.isFollowing(view)) return follow(runId)
    if (view === "wait") return { ...answered(yield* answerOf(key, runId)), replayOf: runId }
    const { pathOf } = yield* Invocation
    return answered(Response.accepted(runId, pathOf(runId), replayed))
  })

const follow = (runId: string): KeyedOutcome => ({ _tag: "Follow", runId })

const answered = (answer: Response.Response) => ({ _tag: "Answer", answer }) as const

const replayed = { "idempotency-replayed": "true" }

const pollMillis = 20
const startMillis = 2_000

/** Waits for the answer. Any process of the service may store it, together with the end of the run. */
const answerOf = (
  key: string,
  runId: string,
  waitedMillis = 0
): Effect.Effect<Response.Response, RunInterrupted | ServiceUnavailable, RunQueries> =>
  Effect.gen(function* () {
    const reading = yield* RunQueries
    const run = yield* Effect.asSome(reading.find(runId)).pipe(Effect.catchTag("RunNotFound", () => Effect.succeedNone))
    const claim = yield* reading.claimed(key)
    const answer = Option.getOrUndefined(claim)?.answer
    if (answer !== undefined) return Response.ofJson(answer.status, answer.body, { ...answer.headers, ...replayed })
    const mayCome = Option.match(run, {
      onNone: () => waitedMillis < startMillis,
      onSome: ({ status }) => RunEvent.isGoing(status)
    })
    if (!mayCome) return yield* lost(runId)
    return yield* Effect.delay(answerOf(key, runId, waitedMillis + pollMillis), pollMillis)
  })

const lost = (runId: string) =>
  new RunInterrupted({
    message:
      "The process of this key's run died, so the progress of the run is unknown; send a new key to run it again.",
    runId,
    reason: "lost"
  })
