/**
 * A step is a named, recorded unit of work inside a pipeline. Calling it is calling a function that returns an Effect;
 * inside a served run every call leaves a StepRun with its output, duration and number of attempts.
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as Schema from "effect/Schema"
import * as Spans from "./Internal/Spans.js"
import { CurrentRun, type StepHandling, type StepObserver } from "./Run.js"
import type { CacheOptions } from "./Step/Caching.js"
import * as Caching from "./Step/Caching.js"

export type { CacheOptions, StepCaching } from "./Step/Caching.js"

/**
 * Marks steps, also those of another copy of this library.
 *
 * @category type IDs
 * @since 0.1.0
 */
export const TypeId: unique symbol = Symbol.for("effect-deployers/Step")

/**
 * @category type IDs
 * @since 0.1.0
 */
export type TypeId = typeof TypeId

/**
 * A step took longer than its `timeout`; its fiber was interrupted. A pipeline may let it pass: every pipeline's error
 * channel admits it, and a served run answers 504.
 *
 * @category errors
 * @since 0.1.0
 */
export class StepTimedOut extends Schema.TaggedError<StepTimedOut>()(
  "StepTimedOut",
  { step: Schema.String, timeoutMillis: Schema.Number },
  HttpApiSchema.annotations({ status: 504, description: "A step exceeded its timeout." })
) {
  override get message(): string {
    return `Step "${this.step}" did not finish within ${this.timeoutMillis} ms.`
  }
}

/**
 * A step: call it with its input.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step<in I, out O, out E = never, out R = never> {
  (input: I): Effect.Effect<O, E, R>
  readonly [TypeId]: TypeId
  /** Name under which calls are recorded. */
  readonly stepName: string
  readonly input: Schema.Schema.AnyNoContext
  readonly output: Schema.Schema.AnyNoContext
  readonly error: Schema.Schema.AnyNoContext | undefined
}

/**
 * The definition of a step.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<I, II, O, OI, E, R> {
  /** Schema of the step's input. Callers pass the decoded side; nothing is decoded at the call. */
  readonly input: Schema.Schema<I, II>
  /** Schema of the step's output; the encoded side is what the run records. */
  readonly output: Schema.Schema<O, OI>
  /** Schema of the step's typed failures, so that they are recorded as data instead of text. */
  readonly error?: Schema.Schema.AnyNoContext | undefined
  /** Repeats the body after a typed failure, as the schedule says. All attempts belong to one StepRun. */
  readonly retry?: Schedule.Schedule<unknown, E> | undefined
  /**
   * Uses the recorded output of an earlier call with an equal input, by the same version of the code, and does not execute the
   * step then; default false. See {@link CacheOptions}.
   */
  readonly cache?: boolean | CacheOptions<I> | undefined
  /** The work itself. */
  readonly run: (input: I) => Effect.Effect<O, E, R>
}

/**
 * Makes a step.
 *
 * **Details**
 *
 * With `timeout` (a duration such as `"2 seconds"`, for one attempt) the step can also fail with {@link StepTimedOut};
 * `retry` sees that failure too.
 *
 * @example
 * ```ts
 * import { Effect, Schedule, Schema } from "effect"
 * import { Step } from "effect-deployers"
 *
 * const forecast = Step.make("forecast", {
 *   input: Schema.Struct({ city: Schema.String }),
 *   output: Schema.Struct({ celsius: Schema.Number }),
 *   retry: Schedule.recurs(2),
 *   timeout: "2 seconds",
 *   run: ({ city }) => Effect.succeed({ celsius: city.length })
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: {
  <I, II, O, OI, E = never, R = never>(
    name: string,
    options: Options<I, II, O, OI, E, R> & { readonly timeout?: undefined }
  ): Step<I, O, E, R>
  <I, II, O, OI, E = never, R = never>(
    name: string,
    options: Omit<Options<I, II, O, OI, E, R>, "retry"> & {
      readonly timeout: Duration.DurationInput
      readonly retry?: Schedule.Schedule<unknown, E | StepTimedOut> | undefined
    }
  ): Step<I, O, E | StepTimedOut, R>
} = <I, II, O, OI, E, R>(
  name: string,
  options: Omit<Options<I, II, O, OI, E, R>, "retry"> & {
    readonly timeout?: Duration.DurationInput | undefined
    readonly retry?: Schedule.Schedule<unknown, E | StepTimedOut> | undefined
  }
): Step<I, O, E | StepTimedOut, R> => {
  const call = { step: name, input: options.input, output: options.output, error: options.error }
  const once = withTimeout(name, options.timeout, options.run)
  const caching = Caching.fromOption(options.cache)
  const step = (input: I): Effect.Effect<O, E | StepTimedOut, R> =>
    Effect.withFiberRuntime<O, E | StepTimedOut, R>((fiber) => {
      const listener = Context.get(fiber.currentContext, CurrentRun)
      const observer = listener.stepStarted(call, input, fiber)
      const { handling } = observer
      let { retry } = options
      let attempt = caching === undefined ? once : cached(caching, observer, once)
      if (handling !== undefined) {
        // The outcome of an earlier execution of the same step has its types.
        if (handling._tag === "Outcome") return handling.outcome as Effect.Effect<O, E | StepTimedOut>
        attempt = durable(attempt, handling, retry !== undefined)
        retry = retry === undefined ? undefined : advanced(retry, handling.failures)
      }
      if (listener.trace !== undefined) return traced(listener.trace, name, attempt, retry, input, observer)
      return retry === undefined
        ? observed(attempted(attempt, input), observer)
        : repeated(attempt, input, retry, observer)
    })
  return Object.assign(step, {
    [TypeId]: TypeId,
    stepName: name,
    input: options.input,
    output: options.output,
    error: options.error
  } as const)
}

/**
 * True for a step.
 *
 * @category guards
 * @since 0.1.0
 */
export const isStep = (u: unknown): u is Step<never, unknown, unknown, unknown> => Predicate.hasProperty(u, TypeId)

// internal

/** An attempt that looks for the output of an earlier call. A call that is not recorded executes. */
const cached =
  <I, O, E, R>(
    caching: Caching.StepCaching,
    observer: StepObserver,
    attempt: (input: I) => Effect.Effect<O, E, R>
  ): ((input: I) => Effect.Effect<O, E, R>) =>
  (input) =>
    observer.cached === undefined
      ? attempt(input)
      : observer.cached(
          caching,
          input,
          Effect.suspend(() => attempt(input))
        )

/** The body's effect as it is, so that one which is an exit already is seen to be. */
const attempted = <I, O, E, R>(attempt: (input: I) => Effect.Effect<O, E, R>, input: I): Effect.Effect<O, E, R> => {
  try {
    return attempt(input)
  } catch (defect) {
    return Exit.die(defect)
  }
}

/** An effect that has ended needs no finalizer, which costs more than the rest of a quick step. */
const observed = <O, E, R>(body: Effect.Effect<O, E, R>, observer: StepObserver): Effect.Effect<O, E, R> => {
  if (!isExit(body)) return Effect.onExit(body, (exit) => observer.ended(exit, 1))
  const ended = observer.ended(body, 1)
  return isExit(ended) && Exit.isSuccess(ended) ? body : Effect.zipRight(ended, body)
}

/** A call in a span of its own. The attempts of a step that may have several have spans below it. */
const traced = <I, O, E, R>(
  trace: Readonly<Record<string, unknown>>,
  step: string,
  attempt: (input: I) => Effect.Effect<O, E, R>,
  retry: Schedule.Schedule<unknown, E> | undefined,
  input: I,
  observer: StepObserver
): Effect.Effect<O, E, R> => {
  const attributes = { ...trace, "deployers.step.name": observer.name ?? step }
  const inSpan = (body: Effect.Effect<O, E, R>, attempts: number) =>
    Spans.spanned(body, `attempt ${step}`, { attributes: { ...attributes, "deployers.step.attempt": attempts } })
  return Spans.spanned(
    retry === undefined
      ? observed(
          Effect.suspend(() => attempt(input)),
          observer
        )
      : repeated(attempt, input, retry, observer, inSpan),
    `step ${step}`,
    { attributes }
  )
}

const repeated = <I, O, E, R>(
  attempt: (input: I) => Effect.Effect<O, E, R>,
  input: I,
  retry: Schedule.Schedule<unknown, E>,
  observer: StepObserver,
  around: (body: Effect.Effect<O, E, R>, attempt: number) => Effect.Effect<O, E, R> = (body) => body
): Effect.Effect<O, E, R> => {
  let attempts = 0
  const body = Effect.suspend(() => attempt(input))
  const counted = Effect.suspend(() => around(body, ++attempts))
  return Effect.onExit(Effect.retry(counted, retry), (exit) => observer.ended(exit, attempts))
}

/** An attempt in a run that may go on in another process. */
const durable =
  <I, O, E, R>(
    attempt: (input: I) => Effect.Effect<O, E, R>,
    { attemptFailed, within }: Extract<StepHandling, { readonly _tag: "Durable" }>,
    isRepeated: boolean
  ): ((input: I) => Effect.Effect<O, E, R>) =>
  (input) => {
    const body = within(Effect.suspend(() => attempt(input)))
    return isRepeated ? Effect.tapError(body, () => attemptFailed) : body
  }

/** A schedule after failures of earlier processes, which count as failures with the error of the next one. */
const advanced = <E>(retry: Schedule.Schedule<unknown, E>, failures: number): Schedule.Schedule<unknown, E> =>
  failures === 0
    ? retry
    : Schedule.makeWithState({ state: retry.initial, left: failures }, (now, error: E, { left, state }) =>
        Effect.map(
          stepped(retry, now, error, state, left),
          ([next, decision]) => [{ state: next, left: 0 }, undefined, decision] as const
        )
      )

const stepped = <E>(
  retry: Schedule.Schedule<unknown, E>,
  now: number,
  error: E,
  state: unknown,
  left: number
): Effect.Effect<readonly [state: unknown, decision: ScheduleDecision.ScheduleDecision]> =>
  Effect.flatMap(retry.step(now, error, state), ([next, , decision]) =>
    left === 0 || ScheduleDecision.isDone(decision)
      ? Effect.succeed([next, decision] as const)
      : stepped(retry, now, error, next, left - 1)
  )

const isExit = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

const withTimeout = <I, O, E, R>(
  step: string,
  timeout: Duration.DurationInput | undefined,
  run: (input: I) => Effect.Effect<O, E, R>
): ((input: I) => Effect.Effect<O, E | StepTimedOut, R>) =>
  timeout === undefined
    ? run
    : (input) =>
        Effect.timeoutFail(run(input), {
          duration: timeout,
          onTimeout: () => new StepTimedOut({ step, timeoutMillis: Duration.toMillis(timeout) })
        })
