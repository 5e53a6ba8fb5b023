/** Readiness as values: probes, and one bounded way to repeat them until the target is ready. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { LogLine } from "../Deployment.js"
import { TypeId } from "../Errors/Kind.js"
import { keepDeadlines } from "../Internal/Deadline.js"

/**
 * The result of a probe: ready, or the reason why not yet, as a sentence without full stop.
 *
 * @category models
 * @since 0.1.0
 */
export type ProbeResult = Data.TaggedEnum<{
  readonly Ready: object
  readonly Waiting: { readonly reason: string }
}>

const Answer = Data.taggedEnum<ProbeResult>()

/**
 * The result for a target that is ready.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ready: ProbeResult = Answer.Ready()

/**
 * The result for a target that is not ready yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const waiting = (reason: string): ProbeResult => Answer.Waiting({ reason })

/**
 * One check of a target. A probe does not fail: an obstacle is the reason of its result.
 *
 * @category models
 * @since 0.1.0
 */
export type Probe<R = never> = Effect.Effect<ProbeResult, never, R>

/**
 * Options of an HTTP probe.
 *
 * @category models
 * @since 0.1.0
 */
export interface HttpOptions {
  /** Path below the URL; default none. */
  readonly path?: string | undefined
  /** The status of a ready target; default 200. */
  readonly expectStatus?: number | undefined
  /** Deadline of one request; default 2 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Ready when a GET answers with the expected status. Redirects are not followed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const http = (url: string, options: HttpOptions = {}): Probe<HttpClient.HttpClient> => {
  const target = `${url}${options.path ?? ""}`
  const expected = options.expectStatus ?? 200
  const timeout = options.timeout ?? "2 seconds"
  return statusOf(target).pipe(
    Effect.map((status) =>
      status === expected ? ready : waiting(`${target} answered with status ${status} instead of ${expected}`)
    ),
    Effect.timeoutTo({
      duration: timeout,
      onSuccess: (answer) => answer,
      onTimeout: () => waiting(`${target} did not answer within ${Duration.format(timeout)}`)
    }),
    Effect.catchAll((error) => Effect.succeed(waiting(`${target} could not be reached: ${error.reason}`))),
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    Effect.withTracerEnabled(false),
    keepDeadlines
  )
}

const statusOf = (target: string) =>
  Effect.gen(function* () {
    const client = HttpClient.withScope(yield* HttpClient.HttpClient)
    const response = yield* client.get(target)
    yield* response.stream.pipe(Stream.take(maxBodyChunks), Stream.runDrain, Effect.ignore)
    return response.status
  }).pipe(Effect.scoped)

// A connection can be used again when its body was read to the end; an endless body is cut off.
const maxBodyChunks = 16

/**
 * Ready when a line matches. `lines` are read anew by each probe and have to end, such as the last lines of a log.
 *
 * @category constructors
 * @since 0.1.0
 */
export const log = <E extends Error, R>(pattern: RegExp, lines: Stream.Stream<LogLine, E, R>): Probe<R> => {
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ""))
  return lines.pipe(
    Stream.filter(({ text }) => stateless.test(text)),
    Stream.runHead,
    Effect.map(Option.match({ onNone: () => waiting(`no log line matches ${pattern} yet`), onSome: () => ready })),
    Effect.catchAll((error: E) => Effect.succeed(waiting(`its log could not be read: ${error.message}`)))
  )
}

/**
 * Ready when every probe is; they run at the same time.
 *
 * @category combining
 * @since 0.1.0
 */
export const all = <P extends Probe<unknown>>(probes: Iterable<P>): Probe<Effect.Effect.Context<P>> =>
  Effect.map(Effect.all(together(probes), { concurrency: "unbounded" }), (answers) => {
    const reasons = reasonsOf(answers)
    return reasons.length === 0 ? ready : waiting(reasons.join("; "))
  })

/**
 * Ready when one of the probes is; they run at the same time, and the first that is ready interrupts the others. Never
 * ready without probes.
 *
 * @category combining
 * @since 0.1.0
 */
export const any = <P extends Probe<unknown>>(probes: Iterable<P>): Probe<Effect.Effect.Context<P>> =>
  Effect.suspend(() => {
    const reasons: Array<string> = []
    const attempt = (probe: Probe<Effect.Effect.Context<P>>) =>
      Effect.flatMap(
        probe,
        Answer.$match({
          Ready: () => Effect.fail(ready),
          Waiting: ({ reason }) => Effect.sync(() => void reasons.push(reason))
        })
      )
    return Effect.forEach(together(probes), attempt, { concurrency: "unbounded", discard: true }).pipe(
      Effect.match({
        onFailure: (answer) => answer,
        onSuccess: () => waiting(reasons.join("; ") || "there is no probe")
      })
    )
  })

// The types cannot say that members of a union of effects need what the union needs.
const together = <P extends Probe<unknown>>(probes: Iterable<P>) => probes as Iterable<Probe<Effect.Effect.Context<P>>>

const reasonsOf = (answers: ReadonlyArray<ProbeResult>): ReadonlyArray<string> =>
  answers.flatMap((answer) => (answer._tag === "Waiting" ? [answer.reason] : []))

/**
 * The target did not become ready: the deadline passed, it ended, or the schedule ended.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", {
  reason: Schema.Literal("deadline", "exited", "attempts"),
  /** The reason of the last probe; missing if no probe ended. */
  lastAnswer: Schema.optional(Schema.String),
  /** The reason of its end, if it ended. */
  exit: Schema.optional(Schema.String),
  deadlineMillis: Schema.Number
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const last = this.lastAnswer === undefined ? "" : `; last answer: ${this.lastAnswer}`
    return `${this.outcome}${last}.`
  }
  private get outcome(): string {
    if (this.reason === "deadline") return `It was not ready within ${this.deadlineMillis} ms`
    if (this.reason === "exited") return `It ended before it was ready: ${this.exit ?? "no reason given"}`
    return "It was not ready after the last attempt"
  }
}

/**
 * Intervals of 10 ms at first that grow to half a second, in whole milliseconds, so that the clock of a test has times that
 * a database takes. A target that becomes ready is seen a twentieth later than it was, on average.
 *
 * @category constants
 * @since 0.1.0
 */
export const backoff: Schedule.Schedule<unknown> = Schedule.exponential("10 millis", 1.1).pipe(
  Schedule.union(Schedule.spaced("500 millis")),
  Schedule.modifyDelay((_, delay) => Duration.millis(Math.ceil(Duration.toMillis(delay))))
)

/**
 * Options of {@link poll}.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollOptions<R1 = never, R2 = never, R3 = never> {
  readonly probe: Probe<R1>
  /** Time of the next probe after one that was not ready; default {@link backoff}. */
  readonly schedule?: Schedule.Schedule<unknown, ProbeResult, R2> | undefined
  /** Deadline of all probes together. */
  readonly deadline: Duration.DurationInput
  /** Ends with a sentence, without full stop, when the target ended and will not become ready. */
  readonly exited?: Effect.Effect<string, never, R3> | undefined
}

/**
 * Repeats a probe until it is ready, the deadline passes, or the target ends. Keeps the deadline in an uninterruptible region
 * too.
 *
 * @category running
 * @since 0.1.0
 */
export const poll = <R1 = never, R2 = never, R3 = never>(
  options: PollOptions<R1, R2, R3>
): Effect.Effect<void, NotReady, R1 | R2 | R3> =>
  Effect.gen(function* () {
    const last = yield* Ref.make<Option.Option<ProbeResult>>(Option.none())
    const notReady = (reason: NotReady["reason"], exit?: string) =>
      Effect.flatMap(Ref.get(last), (answer) => Effect.fail(describe(options.deadline, reason, answer, exit)))
    const asking = options.probe.pipe(
      Effect.tap((answer) => Ref.set(last, Option.some(answer))),
      Effect.repeat({ schedule: options.schedule ?? backoff, until: isReady }),
      Effect.zipRight(Ref.get(last)),
      Effect.flatMap((answer) => (Option.exists(answer, isReady) ? Effect.void : notReady("attempts")))
    )
    const ending = Effect.flatMap(options.exited ?? Effect.never, (exit) => notReady("exited", exit))
    const late = Effect.delay(
      Effect.suspend(() => notReady("deadline")),
      options.deadline
    )
    return yield* keepDeadlines(Effect.raceFirst(asking, Effect.raceFirst(ending, late)))
  })

const isReady = (answer: ProbeResult): boolean => answer._tag === "Ready"

const describe = (
  deadline: Duration.DurationInput,
  reason: NotReady["reason"],
  last: Option.Option<ProbeResult>,
  exit: string | undefined
): NotReady => {
  const lastAnswer = Option.getOrUndefined(Option.map(last, (answer) => reasonsOf([answer])[0]))
  return new NotReady({
    reason,
    deadlineMillis: Duration.toMillis(deadline),
    ...(lastAnswer === undefined ? {} : { lastAnswer }),
    ...(exit === undefined ? {} : { exit })
  })
}
