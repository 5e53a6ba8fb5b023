// Triggers over a real store, where time is virtual: each message has one run, also where its consumer ends.

import type { HttpApp } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  Context,
  Deferred,
  Effect,
  ExecutionStrategy,
  Exit,
  Layer,
  Ref,
  Schema,
  Scope,
  Stream,
  TestClock
} from "effect"
import { Pipeline, type Settings } from "effect-deployers"
import { Server } from "effect-deployers/Server"
import { InMemoryQueue } from "effect-deployers/Testing"
import { RunStore } from "../../../src/Store/RunStore.js"
import { ask } from "../Ask.js"
import { memory, quiet } from "../Harness.js"

const Item = Schema.Struct({ n: Schema.Int })
type Queue = InMemoryQueue.InMemoryQueue<typeof Item.Type>
type Options = Omit<Pipeline.TriggerOptions<typeof Item, never>, "messages">

const orders = (queue: Queue, run: (n: number) => Effect.Effect<number, string>, options: Options = {}) =>
  Pipeline.make("orders", { input: Item, output: Schema.Int, error: Schema.String, run: ({ n }) => run(n) }).pipe(
    Pipeline.trigger("queue", { ...options, messages: queue.messages })
  )

const virtually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(effect).pipe(Effect.provide(Layer.mergeAll(memory(), quiet, Server.layerMicrotasks)))

const served = (pipeline: Pipeline.Any, serving: Settings.ServingInput = {}) => Server.httpApp(pipeline, { serving })

const runs = Effect.flatMap(RunStore, (store) =>
  Effect.map(store.list({ limit: 100 }), ({ runs }) => runs.map(({ name, status }) => `${name} ${status}`).sort())
)

/** Lets time go on until the service has done it. */
const until = <A, E, R>(look: Effect.Effect<A, E, R>, is: (value: A) => boolean): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    let isDone = false
    for (let count = 0; count < 40 && !isDone; count++) {
      yield* TestClock.adjust("250 millis")
      isDone = is(yield* look)
    }
    assert.isTrue(isDone, "the service has not done it within 30 seconds of its time")
  })

const dead = Effect.map(Ref.make<ReadonlyArray<readonly [id: string, reason: string]>>([]), (ref) => ({
  all: Ref.get(ref),
  deadLetter: ({ id }: Pipeline.Message<unknown>, reason: string) =>
    Ref.update(ref, (all) => [...all, [id, reason] as const])
}))

describe("a trigger", () => {
  it.effect("starts one run for each message, and takes it when the run has ended", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const release = yield* Deferred.make<void>()
        yield* Effect.asVoid(served(orders(queue, (n) => Effect.as(Deferred.await(release), n))))
        yield* queue.offer("a", { n: 1 })
        yield* queue.offer("b", { n: 2 })
        yield* until(queue.deliveries, (count) => count === 2)
        assert.deepStrictEqual(yield* queue.taken, [])
        yield* Deferred.succeed(release, undefined)
        yield* until(queue.taken, (ids) => ids.length === 2)
        assert.deepStrictEqual(yield* runs, ["queue a succeeded", "queue b succeeded"])
      })
    )
  )

  it.effect("has one run for a message that is delivered again, to any process", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const release = yield* Deferred.make<void>()
        const pipeline = orders(queue, (n) => Effect.as(Deferred.await(release), n))
        for (const _ of [1, 2]) yield* Effect.asVoid(served(pipeline))
        yield* queue.offer("a", { n: 1 })
        yield* until(queue.deliveries, (count) => count === 1)
        yield* queue.redeliver
        yield* until(queue.deliveries, (count) => count === 2)
        yield* Deferred.succeed(release, undefined)
        yield* until(queue.taken, (ids) => ids.length === 2)
        assert.deepStrictEqual(yield* runs, ["queue a succeeded"])
      })
    )
  )

  it.effect("takes a message when its run is on record, if the trigger says so", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const release = yield* Deferred.make<void>()
        const pipeline = orders(queue, (n) => Effect.as(Deferred.await(release), n), { ackOn: "accepted" })
        yield* Effect.asVoid(served(pipeline))
        yield* queue.offer("a", { n: 1 })
        yield* until(queue.taken, (ids) => ids.length === 1)
        assert.deepStrictEqual(yield* runs, ["queue a running"])
        yield* Deferred.succeed(release, undefined)
      })
    )
  )

  it.effect("tries a run that fails again, and buries the message after its attempts", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const { all, deadLetter } = yield* dead
        const count = yield* Ref.make(0)
        const fails = (n: number) =>
          Effect.flatMap(
            Ref.updateAndGet(count, (now) => now + 1),
            (now) => (n === 2 && now > 3 ? Effect.succeed(n) : Effect.fail("no"))
          )
        yield* Effect.asVoid(served(orders(queue, fails, { maxAttempts: 3, deadLetter })))
        yield* queue.offer("a", { n: 1 })
        yield* until(queue.taken, (ids) => ids.length === 1)
        assert.strictEqual(yield* Ref.get(count), 3)
        const [letter] = yield* all
        assert.strictEqual(letter?.[0], "a")
        assert.include(letter?.[1], "PipelineFailed")
        yield* queue.offer("b", { n: 2 })
        yield* until(queue.taken, (ids) => ids.length === 2)
        assert.lengthOf(yield* all, 1)
        assert.deepStrictEqual(yield* runs, ["queue a failed", "queue a failed", "queue a failed", "queue b succeeded"])
      })
    )
  )

  it.effect("buries a message that does not fit at once, without a run", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const { all, deadLetter } = yield* dead
        yield* Effect.asVoid(served(orders(queue, Effect.succeed, { deadLetter })))
        yield* queue.offer("a", { n: "one" } as unknown as typeof Item.Type)
        yield* until(queue.taken, (ids) => ids.length === 1)
        assert.include((yield* all)[0]?.[1], "InvalidRequest")
        assert.deepStrictEqual(yield* runs, [])
      })
    )
  )

  it.effect("pulls no more messages than its concurrency, and waits while the service has no room", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const release = yield* Deferred.make<void>()
        const pipeline = orders(queue, (n) => Effect.as(Deferred.await(release), n), { concurrency: 3 })
        yield* Effect.asVoid(served(pipeline, { maxConcurrency: 1, maxQueue: 0 }))
        for (const id of "abcdefgh") yield* queue.offer(id, { n: 1 })
        yield* until(queue.deliveries, (count) => count >= 3)
        yield* TestClock.adjust("3 seconds")
        // One more may wait behind those in progress.
        assert.isAtMost(yield* queue.deliveries, 4)
        assert.lengthOf(yield* runs, 1)
        yield* Deferred.succeed(release, undefined)
        yield* until(queue.taken, (ids) => ids.length === 8)
        assert.lengthOf(yield* runs, 8)
      })
    )
  )

  it.effect("ends with the service: messages in progress are finished, others go to the next process", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const started = yield* Deferred.make<void>()
        const pipeline = orders(queue, (n) =>
          Effect.as(Effect.zipRight(Deferred.succeed(started, undefined), Effect.sleep("2 seconds")), n)
        )
        const closing = yield* Effect.fork(
          Effect.scoped(
            Effect.gen(function* () {
              yield* Effect.asVoid(served(pipeline))
              yield* queue.offer("a", { n: 1 })
              yield* Deferred.await(started)
            })
          )
        )
        yield* Deferred.await(started)
        yield* until(queue.taken, (ids) => ids.length === 1)
        yield* until(closing.poll, (exit) => exit._tag === "Some")
        yield* queue.offer("b", { n: 2 })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* queue.taken, ["a"])
        yield* Effect.asVoid(served(pipeline))
        yield* until(queue.taken, (ids) => ids.length === 2)
        assert.deepStrictEqual(yield* runs, ["queue a succeeded", "queue b succeeded"])
      })
    )
  )

  it.effect("is listed, paused and resumed over HTTP, for all processes and after a restart", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const pipeline = orders(queue, Effect.succeed)
        const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
        const [app, other] = yield* Scope.extend(Effect.all([served(pipeline), served(pipeline)]), scope)
        const status = { name: "queue", ackOn: "ended", concurrency: 10, maxAttempts: 5 }
        const pausedIn = (app: HttpApp.Default) =>
          Effect.map(ask(app, "/triggers"), ({ json }) => json["triggers"] as ReadonlyArray<unknown>)
        const change = (path: string) => ask(app, `/triggers/${path}`, { method: "POST" })
        assert.deepStrictEqual(yield* pausedIn(app), [{ ...status, isPaused: false }])
        assert.deepStrictEqual<unknown>((yield* change("queue/pause")).json, { ...status, isPaused: true })
        assert.deepStrictEqual(yield* pausedIn(other), [{ ...status, isPaused: true }])
        // Each process stops its pull, which may have begun.
        yield* TestClock.adjust("2 seconds")
        yield* queue.offer("a", { n: 1 })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* runs, [])
        yield* Scope.close(scope, Exit.void)
        const next = yield* served(pipeline)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual([yield* runs, yield* pausedIn(next)], [[], [{ ...status, isPaused: true }]])
        const resumed = yield* ask(next, "/triggers/queue/resume", { method: "POST" })
        assert.strictEqual(resumed.json["isPaused"], false)
        yield* until(queue.taken, (ids) => ids.length === 1)
        assert.deepStrictEqual(yield* runs, ["queue a succeeded"])
        const missing = yield* ask(next, "/triggers/other/pause", { method: "POST" })
        assert.deepStrictEqual([missing.status, missing.json["_tag"]], [404, "TriggerNotFound"])
      })
    )
  )

  it.effect("finishes the runs in progress when it is paused, and gives back what waits", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const release = yield* Deferred.make<void>()
        const run = (n: number) => (n === 1 ? Effect.as(Deferred.await(release), n) : Effect.fail("no"))
        const app = yield* served(orders(queue, run))
        yield* queue.offer("a", { n: 1 })
        yield* queue.offer("b", { n: 2 })
        yield* until(queue.deliveries, (count) => count === 2)
        yield* until(runs, (all) => all.includes("queue b failed"))
        yield* Effect.asVoid(ask(app, "/triggers/queue/pause", { method: "POST" }))
        yield* TestClock.adjust("2 seconds")
        yield* Deferred.succeed(release, undefined)
        yield* until(queue.taken, (ids) => ids.length === 1)
        assert.deepStrictEqual(yield* queue.taken, ["a"])
        const before = yield* queue.deliveries
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* queue.deliveries, before)
        yield* Effect.asVoid(ask(app, "/triggers/queue/resume", { method: "POST" }))
        yield* until(queue.deliveries, (count) => count > before)
      })
    )
  )

  it.effect("reads a stream that fails again", () =>
    virtually(
      Effect.gen(function* () {
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const reads = yield* Ref.make(0)
        const messages = Stream.unwrap(
          Effect.map(
            Ref.updateAndGet(reads, (count) => count + 1),
            (count) => (count < 3 ? Stream.fail("no connection") : queue.messages)
          )
        )
        yield* Effect.asVoid(served(orders({ ...queue, messages: messages as Queue["messages"] }, Effect.succeed)))
        yield* queue.offer("a", { n: 1 })
        yield* until(queue.taken, (ids) => ids.length === 1)
        assert.strictEqual(yield* Ref.get(reads), 3)
      })
    )
  )

  it.effect("sees the warm state of its pipeline, also in a group, and rests if the settings say so", () =>
    virtually(
      Effect.gen(function* () {
        class Broker extends Context.Tag("test/Broker")<Broker, Queue>() {}
        const queue = yield* InMemoryQueue.make<typeof Item.Type>()
        const pipeline = Pipeline.make("orders", {
          input: Item,
          output: Schema.Int,
          run: ({ n }) => Effect.succeed(n)
        }).pipe(
          Pipeline.trigger("queue", { messages: Stream.unwrap(Effect.map(Broker, ({ messages }) => messages)) }),
          Pipeline.provide(Layer.succeed(Broker, queue))
        )
        const resting = yield* served(pipeline, { runTriggers: false })
        yield* queue.offer("a", { n: 1 })
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* queue.deliveries, 0)
        assert.strictEqual((yield* ask(resting, "/invoke", { json: { parameters: { n: 1 } } })).status, 200)
        yield* Effect.asVoid(served(Pipeline.group("shop", [pipeline])))
        yield* until(queue.taken, (ids) => ids.length === 1)
        assert.include(yield* runs, "queue a succeeded")
      })
    )
  )

  it("refuses options that are not valid", () => {
    const messages = Stream.empty
    assert.throws(() =>
      Pipeline.trigger("two words", { messages })(orders({ messages } as unknown as Queue, Effect.succeed))
    )
    assert.throws(
      () =>
        Pipeline.trigger("q", { messages, concurrency: 0 })(orders({ messages } as unknown as Queue, Effect.succeed)),
      /concurrency: 0/
    )
  })
})
