/**
 * Batches: many concurrent runs share one call of a model, a database or a service. A run calls a function with its own
 * input and gets its own output; the calls that come close together reach the model as one.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import type * as Scope from "effect/Scope"
import { LinkedList, type Place } from "./Internal/LinkedList.js"

/**
 * The limits of a batch.
 *
 * @category models
 * @since 0.2.0
 */
export interface Limits {
  /** Most inputs of one call. A full batch does not wait. */
  readonly maxSize: number
  /** The longest time that an input waits for others before its call; default 5 milliseconds. */
  readonly maxWait?: Duration.DurationInput | undefined
  /** Most calls at once; default 1. Inputs that come meanwhile gather for the next call. */
  readonly concurrency?: number | undefined
}

/**
 * Takes one input. Interrupting it takes the input out of its batch; a call whose inputs are all out is interrupted.
 *
 * @category models
 * @since 0.2.0
 */
export type Batched<in I, out O, out E = never> = (input: I) => Effect.Effect<O, E>

/**
 * Makes a function whose concurrent calls reach `run` as one, with one output for each input, in their order. A failure of
 * `run` is the failure of each input of that call.
 *
 * **Details**
 *
 * The batches belong to the scope, so make them in a layer, which all runs of a service share. `run` is not a part of any
 * run: a step that calls the function records its own input and output, and steps within `run` are not recorded.
 *
 * @example
 * ```ts
 * import { Context, Effect, Layer, Schema } from "effect"
 * import { Batch, Pipeline } from "effect-deployers"
 *
 * class Model extends Context.Tag("Model")<Model, { readonly score: Batch.Batched<string, number> }>() {}
 *
 * const ModelLive = Layer.scoped(
 *   Model,
 *   Effect.map(
 *     Batch.make({
 *       maxSize: 32,
 *       maxWait: "5 millis",
 *       run: (texts: ReadonlyArray<string>) => Effect.succeed(texts.map((text) => text.length))
 *     }),
 *     (score) => ({ score })
 *   )
 * )
 *
 * export const scoring = Pipeline.make("scoring", {
 *   input: Schema.Struct({ text: Schema.String }),
 *   output: Schema.Struct({ score: Schema.Number }),
 *   run: ({ text }) => Effect.flatMap(Model, (model) => Effect.map(model.score(text), (score) => ({ score })))
 * }).pipe(Pipeline.provide(ModelLive))
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <I, O, E = never, R = never>({
  run,
  ...limits
}: Limits & {
  readonly run: (inputs: ReadonlyArray<I>) => Effect.Effect<ReadonlyArray<O>, E, R>
}): Effect.Effect<Batched<I, O, E>, never, R | Scope.Scope> =>
  makeEach({ ...limits, run: (inputs) => Effect.map(run(inputs), (outputs) => outputs.map(Either.right)) })

/**
 * The same for a call that succeeds for some inputs and fails for others: it returns an `Either` for each input, in their
 * order.
 *
 * @example
 * ```ts
 * import { Effect, Either } from "effect"
 * import { Batch } from "effect-deployers"
 *
 * const roots = Batch.makeEach({
 *   maxSize: 64,
 *   run: (numbers: ReadonlyArray<number>) =>
 *     Effect.succeed(
 *       numbers.map((n) => (n < 0 ? Either.left(`${n} has no root`) : Either.right(Math.sqrt(n))))
 *     )
 * })
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeEach = <I, O, E = never, R = never>({
  run,
  ...limits
}: Limits & {
  readonly run: (inputs: ReadonlyArray<I>) => Effect.Effect<ReadonlyArray<Either.Either<O, E>>, E, R>
}): Effect.Effect<Batched<I, O, E>, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const scope = yield* Effect.scope
    const gathering = gather<I, O, E>(limits, yield* Effect.clock)
    const gate = yield* Effect.makeSemaphore(Math.max(1, limits.concurrency ?? 1))
    const perform = (batch: Call<I, O, E>) =>
      Effect.suspend(() => run(batch.items.map(({ input }) => input))).pipe(
        Effect.provide(context),
        Effect.onExit((exit) => Effect.sync(() => settle(batch, exit))),
        Effect.ensuring(gate.release(1))
      )
    const next = Effect.gen(function* () {
      yield* gathering.some
      yield* gate.take(1)
      yield* gathering.enough
      const batch = gathering.take()
      if (batch.items.length === 0) yield* gate.release(1)
      else batch.fiber = yield* Effect.forkIn(Effect.interruptible(perform(batch)), scope)
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => settle(gathering.take(Number.POSITIVE_INFINITY), Exit.interrupt(FiberId.none)))
    )
    yield* Effect.forkScoped(Effect.forever(next))
    return gathering.call
  })

/**
 * Makes a resolver whose requests of different fibers reach the given resolver as one: Effect itself batches the requests of
 * one `Effect.forEach` only. A request that the resolver fails does not fail the others.
 *
 * @example
 * ```ts
 * import { Effect, Request, RequestResolver } from "effect"
 * import { Batch } from "effect-deployers"
 *
 * interface Embed extends Request.Request<number> {
 *   readonly _tag: "Embed"
 *   readonly text: string
 * }
 * const Embed = Request.tagged<Embed>("Embed")
 *
 * const resolver = RequestResolver.makeBatched((requests: ReadonlyArray<Embed>) =>
 *   Effect.forEach(requests, (request) => Request.succeed(request, request.text.length), { discard: true })
 * )
 *
 * const program = Effect.gen(function* () {
 *   const shared = yield* Batch.resolver(resolver, { maxSize: 16 })
 *   return yield* Effect.request(Embed({ text: "two words" }), shared)
 * })
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const resolver = <A extends Request.Request<unknown, unknown>>(
  self: RequestResolver.RequestResolver<A>,
  limits: Limits
): Effect.Effect<RequestResolver.RequestResolver<A>, never, Scope.Scope> =>
  Effect.map(
    makeEach({
      ...limits,
      run: (requests: ReadonlyArray<A>) =>
        Effect.forEach(requests, (request) => Effect.exit(Effect.request(request, self)), { batching: true }).pipe(
          Effect.withRequestCaching(false),
          Effect.map((exits) => exits.map((exit) => Either.right(exit)))
        )
    }),
    (ask) => RequestResolver.fromEffect((request: A) => Effect.flatten(ask(request)))
  )

// internal

/** An input that waits for its output. A class, because every run that shares a call makes one. */
class Item<in out I, in out O, in out E> {
  /** The call that the input is a part of, once it has left the queue. */
  call: Call<I, O, E> | undefined

  constructor(
    readonly input: I,
    /** The time of its arrival. */
    readonly at: number,
    readonly resume: (output: Effect.Effect<O, E>) => void
  ) {}
}

/** One call. */
interface Call<in out I, in out O, in out E> {
  readonly items: ReadonlyArray<Item<I, O, E>>
  /** The number of inputs whose callers still wait. */
  awaited: number
  fiber?: Fiber.RuntimeFiber<unknown, unknown>
}

/** The inputs that wait for a call. */
const gather = <I, O, E>({ maxSize, maxWait = defaultWait }: Limits, clock: Clock.Clock) => {
  const size = Math.max(1, maxSize)
  const waitMillis = Duration.toMillis(maxWait)
  const waiting = new LinkedList<Item<I, O, E>>()
  let watcher: (() => void) | undefined
  /** One fiber waits at a time. */
  const until = (holds: () => boolean) =>
    Effect.suspend(() =>
      holds()
        ? Effect.void
        : Effect.async<void>((resume) => {
            watcher = () => {
              if (!holds()) return
              watcher = undefined
              resume(Effect.void)
            }
            return Effect.sync(() => {
              watcher = undefined
            })
          })
    )
  const isFull = () => waiting.size >= size
  const full = until(isFull)
  const leave = (place: Place<Item<I, O, E>>): void => {
    const item = place.value
    waiting.remove(place)
    if (item.call !== undefined && --item.call.awaited === 0) item.call.fiber?.unsafeInterruptAsFork(FiberId.none)
  }
  const call = (input: I): Effect.Effect<O, E> =>
    Effect.async((resume) => {
      const place = waiting.add(new Item<I, O, E>(input, clock.unsafeCurrentTimeMillis(), resume))
      watcher?.()
      return Effect.sync(() => leave(place))
    })
  return {
    call,
    some: until(() => waiting.size > 0),
    /** Waits until a batch is full, or until the oldest input has waited long enough. */
    enough: Effect.suspend(() => {
      const now = clock.unsafeCurrentTimeMillis()
      const leftMillis = waitMillis - Math.max(0, now - (waiting.first?.at ?? now))
      return isFull() || leftMillis <= 0 ? Effect.void : Effect.raceFirst(full, Effect.sleep(leftMillis))
    }),
    take: (most = size): Call<I, O, E> => {
      const items: Array<Item<I, O, E>> = []
      while (waiting.size > 0 && items.length < most) {
        const item = waiting.shift()
        if (item !== undefined) items.push(item)
      }
      const call: Call<I, O, E> = { items, awaited: items.length }
      for (const item of items) item.call = call
      return call
    }
  }
}

const defaultWait = Duration.millis(5)

const miscounted = (inputs: number, outputs: number): string =>
  `A batch of ${inputs} inputs returned ${outputs} outputs; return one for each input, in their order.`

/** Gives each input of a call its output. */
const settle = <I, O, E>({ items }: Call<I, O, E>, exit: Exit.Exit<ReadonlyArray<Either.Either<O, E>>, E>): void => {
  for (const [index, { resume }] of items.entries()) {
    if (Exit.isFailure(exit)) resume(Effect.failCause(exit.cause))
    else resume((exit.value.length === items.length ? exit.value[index] : undefined) ?? missing(items, exit.value))
  }
}

const missing = (inputs: ReadonlyArray<unknown>, outputs: ReadonlyArray<unknown>): Effect.Effect<never> =>
  Effect.die(new Error(miscounted(inputs.length, outputs.length)))
