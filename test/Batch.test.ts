// Batches: concurrent calls that share one, with the limits of size, time and concurrency.
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Context,
  Deferred,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  Option,
  Request,
  RequestResolver,
  Schema,
  Scope,
  TestClock
} from "effect"
import { Batch, Pipeline, Step } from "effect-deployers"
import { invoke, request, served } from "./Server/Harness.js"

/** A model that doubles, and the inputs of each of its calls. */
const doubling = (limits: Batch.Limits, before: Effect.Effect<unknown> = Effect.void) =>
  Effect.gen(function* () {
    const calls: Array<ReadonlyArray<number>> = []
    const double = yield* Batch.make({
      ...limits,
      run: (inputs: ReadonlyArray<number>) =>
        Effect.zipRight(
          Effect.sync(() => calls.push(inputs)),
          Effect.as(
            before,
            inputs.map((n) => 2 * n)
          )
        )
    })
    return { calls, double }
  })

/** Lets every fiber go on that can. */
const settled = TestClock.adjust(0)

describe("Batch.make", () => {
  it.scoped("gathers concurrent inputs for its time, and gives each its own output", () =>
    Effect.gen(function* () {
      const { calls, double } = yield* doubling({ maxSize: 10, maxWait: "5 millis" })
      const first = yield* Effect.fork(double(1))
      yield* TestClock.adjust("4 millis")
      const second = yield* Effect.fork(double(2))
      assert.deepStrictEqual(calls, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(Fiber.zip(first, second)), [2, 4])
      const third = yield* Effect.fork(double(3))
      yield* TestClock.adjust("5 millis")
      assert.strictEqual(yield* Fiber.join(third), 6)
      assert.deepStrictEqual(calls, [[1, 2], [3]])
    })
  )

  it.scoped("does not wait when a batch is full", () =>
    Effect.gen(function* () {
      const { calls, double } = yield* doubling({ maxSize: 3, maxWait: "1 hour" })
      const outputs = yield* Effect.fork(
        Effect.forEach([1, 2, 3, 4, 5, 6], (n) => double(n), { concurrency: "unbounded" })
      )
      yield* settled
      assert.deepStrictEqual(yield* Fiber.join(outputs), [2, 4, 6, 8, 10, 12])
      assert.deepStrictEqual(calls, [
        [1, 2, 3],
        [4, 5, 6]
      ])
    })
  )

  it.scoped("makes one call at once, and gathers the inputs that come meanwhile", () =>
    Effect.gen(function* () {
      const release = yield* Deferred.make<void>()
      const { calls, double } = yield* doubling({ maxSize: 10, maxWait: 0 }, Deferred.await(release))
      const all = [yield* Effect.fork(double(1))]
      yield* settled
      for (const n of [2, 3, 4]) {
        all.push(yield* Effect.fork(double(n)))
        yield* settled
      }
      assert.deepStrictEqual(calls, [[1]])
      yield* Deferred.succeed(release, undefined)
      assert.deepStrictEqual(yield* Fiber.join(Fiber.all(all)), [2, 4, 6, 8])
      assert.deepStrictEqual(calls, [[1], [2, 3, 4]])
    })
  )

  it.scoped("makes as many calls at once as it may", () =>
    Effect.gen(function* () {
      const release = yield* Deferred.make<void>()
      const { calls, double } = yield* doubling({ maxSize: 1, concurrency: 2 }, Deferred.await(release))
      const all = yield* Effect.fork(Effect.forEach([1, 2, 3], (n) => double(n), { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(calls, [[1], [2]])
      yield* Deferred.succeed(release, undefined)
      assert.deepStrictEqual(yield* Fiber.join(all), [2, 4, 6])
    })
  )

  it.scoped("fails every input of a call that fails, and serves the next", () =>
    Effect.gen(function* () {
      const halve = yield* Batch.make({
        maxSize: 2,
        run: (inputs: ReadonlyArray<number>) =>
          inputs.includes(0) ? Effect.fail("zero" as const) : Effect.succeed(inputs.map((n) => n / 2))
      })
      const both = (one: number, other: number) =>
        Effect.all([Effect.either(halve(one)), Effect.either(halve(other))], { concurrency: "unbounded" })
      const zero = Either.left("zero" as const)
      assert.deepStrictEqual(yield* both(0, 2), [zero, zero])
      assert.deepStrictEqual(yield* both(4, 2), [Either.right(2), Either.right(1)])
    })
  )

  it.scoped("dies for every input if the number of outputs differs", () =>
    Effect.gen(function* () {
      const short = yield* Batch.make({ maxSize: 2, run: (_: ReadonlyArray<number>) => Effect.succeed([1]) })
      const exits = yield* Effect.all([Effect.exit(short(1)), Effect.exit(short(2))], { concurrency: "unbounded" })
      for (const exit of exits) {
        const defects = Exit.isFailure(exit) ? Chunk.toReadonlyArray(Cause.defects(exit.cause)) : []
        assert.include(String(defects[0]), "2 inputs returned 1 outputs")
      }
    })
  )

  it.scoped("leaves out an input whose caller left, and interrupts a call without callers", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const never = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const { calls, double } = yield* doubling({ maxSize: 10, maxWait: "5 millis" }, never)
      const [one, two, three] = yield* Effect.all([
        Effect.fork(double(1)),
        Effect.fork(double(2)),
        Effect.fork(double(3))
      ])
      yield* settled
      yield* Fiber.interrupt(one)
      yield* TestClock.adjust("5 millis")
      assert.deepStrictEqual(calls, [[2, 3]])
      yield* Fiber.interrupt(two)
      yield* settled
      assert.isFalse(yield* Deferred.isDone(interrupted))
      yield* Fiber.interrupt(three)
      yield* Deferred.await(interrupted)
    })
  )

  it.effect("ends with its scope: inputs that wait or run are interrupted", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { double } = yield* Scope.extend(doubling({ maxSize: 1, maxWait: 0 }, Effect.never), scope)
      const fibers = yield* Effect.all([1, 2].map((n) => Effect.fork(double(n))))
      yield* settled
      yield* Scope.close(scope, Exit.void)
      for (const fiber of fibers) assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
    })
  )
})

describe("Batch.makeEach", () => {
  it.scoped("fails the inputs that the call fails, and no others", () =>
    Effect.gen(function* () {
      const root = yield* Batch.makeEach({
        maxSize: 3,
        run: (inputs: ReadonlyArray<number>) =>
          Effect.succeed(inputs.map((n) => (n < 0 ? Either.left(`no root of ${n}`) : Either.right(Math.sqrt(n)))))
      })
      const all = yield* Effect.forEach([4, -1, 9], (n) => Effect.either(root(n)), { concurrency: "unbounded" })
      assert.deepStrictEqual(all, [Either.right(2), Either.left("no root of -1"), Either.right(3)])
    })
  )
})

interface Length extends Request.Request<number, string> {
  readonly _tag: "Length"
  readonly text: string
}
const Length = Request.tagged<Length>("Length")

describe("Batch.resolver", () => {
  it.scoped("gathers the requests of several fibers, and keeps their failures apart", () =>
    Effect.gen(function* () {
      const calls: Array<number> = []
      const lengths = RequestResolver.makeBatched((requests: ReadonlyArray<Length>) => {
        calls.push(requests.length)
        return Effect.forEach(
          requests,
          (request) =>
            request.text === "" ? Request.fail(request, "empty") : Request.succeed(request, request.text.length),
          { discard: true }
        )
      })
      const shared = yield* Batch.resolver(lengths, { maxSize: 3 })
      const ask = (text: string) => Effect.fork(Effect.either(Effect.request(Length({ text }), shared)))
      const fibers = yield* Effect.forEach(["a", "", "ccc"], ask)
      const all = yield* Fiber.join(Fiber.all(fibers))
      assert.deepStrictEqual(all, [Either.right(1), Either.left("empty"), Either.right(3)])
      assert.deepStrictEqual(calls, [3])
    })
  )
})

class Odd extends Schema.TaggedError<Odd>()("Odd", { n: Schema.Int }) {}

describe("runs that share a call", () => {
  it.live("have their own outputs, failures and records", () =>
    Effect.gen(function* () {
      const calls: Array<number> = []
      class Model extends Context.Tag("test/Model")<Model, { readonly halve: Batch.Batched<number, number, Odd> }>() {}
      const ModelLive = Layer.scoped(
        Model,
        Effect.map(
          Batch.makeEach({
            maxSize: 4,
            maxWait: "1 minute",
            run: (inputs: ReadonlyArray<number>) =>
              Effect.sync(() => {
                calls.push(inputs.length)
                return inputs.map((n) => (n % 2 === 0 ? Either.right(n / 2) : Either.left(new Odd({ n }))))
              })
          }),
          (halve) => ({ halve })
        )
      )
      const halve = Step.make("halve", {
        input: Schema.Int,
        output: Schema.Int,
        error: Odd,
        run: (n) => Effect.flatMap(Model, (model) => model.halve(n))
      })
      const halving = Pipeline.make("halving", {
        input: Schema.Struct({ n: Schema.Int }),
        output: Schema.Int,
        error: Odd,
        run: ({ n }) => halve(n)
      }).pipe(Pipeline.provide(ModelLive))
      yield* Effect.gen(function* () {
        const replies = yield* Effect.forEach([2, 4, 5, 8], (n) => invoke({ n }), { concurrency: "unbounded" })
        assert.deepStrictEqual(
          replies.map(({ json, status }) => [status, json["outputs"] ?? json["_tag"]]),
          [
            [200, 1],
            [200, 2],
            [422, "Odd"],
            [200, 4]
          ]
        )
        assert.deepStrictEqual(calls, [4])
        const { json } = yield* request(`/runs/${replies[1]?.json.metadata.runId}`)
        const steps = json["steps"] as ReadonlyArray<Record<string, unknown>>
        assert.deepStrictEqual(
          steps.map(({ name, outputs }) => [name, outputs]),
          [["halve", 2]]
        )
        assert.isTrue(Option.isSome(Option.fromNullable(json["parameters"])))
      }).pipe(Effect.provide(served(halving)))
    })
  )
})
