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
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { CurrentRun, type StepObserver } from "./Run.js"

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
  const call = { step: name, output: options.output, error: options.error }
  const attempt = withTimeout(name, options.timeout, options.run)
  const { retry } = options
  const step = (input: I): Effect.Effect<O, E | StepTimedOut, R> =>
    Effect.withFiberRuntime<O, E | StepTimedOut, R>((fiber) => {
      const observer = Context.get(fiber.currentContext, CurrentRun).stepStarted(call)
      return retry === undefined
        ? observed(attempted(attempt, input), observer)
        : repeated(
            Effect.suspend(() => attempt(input)),
            retry,
            observer
          )
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

const repeated = <O, E, R>(
  body: Effect.Effect<O, E, R>,
  retry: Schedule.Schedule<unknown, E>,
  observer: StepObserver
): Effect.Effect<O, E, R> => {
  let attempts = 0
  const counted = Effect.suspend(() => {
    attempts++
    return body
  })
  return Effect.onExit(Effect.retry(counted, retry), (exit) => observer.ended(exit, attempts))
}

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
