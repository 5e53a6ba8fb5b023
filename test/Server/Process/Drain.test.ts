import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, TestClock } from "effect"
import { Server } from "effect-deployers/Server"
import * as ServiceRuntime from "../../../src/Server/Process/ServiceRuntime.js"
import { Invocation, Lifecycle } from "../../../src/Server/Run/Invocation.js"
import * as Ids from "../../../src/Store/Ids.js"
import { memory, quiet } from "../Harness.js"
import { manifestTest } from "../Manifest.js"
import { makeLatch, waiting } from "../Pipelines.js"

const parameters = { value: { parameters: {} }, text: '{"parameters":{}}', isPlain: true }

/** A service whose door leads to another version, and that a caller does not leave. */
const replaced = (drainTimeoutMillis: number) =>
  Effect.gen(function* () {
    const latch = yield* makeLatch
    const pipeline = waiting(latch)
    const { drain, services, warmUp } = yield* ServiceRuntime.make(
      pipeline,
      manifestTest(pipeline, { serving: { drainTimeoutMillis } })
    )
    yield* warmUp
    const closed = yield* Deferred.make<void>()
    const draining = yield* Effect.fork(
      drain({
        retire: Effect.void,
        leave: Effect.void,
        left: Effect.never,
        close: Effect.asVoid(Deferred.succeed(closed, undefined)),
        successor: Effect.succeed("generation")
      })
    )
    const { invoke } = Context.get(services, Invocation)
    return { latch, draining, closed, invoke: invoke(parameters) }
  })

const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(effect).pipe(Effect.provide(Layer.mergeAll(memory(), Ids.layer, quiet, Server.layerMicrotasks)))

describe("a service behind a load balancer", () => {
  it.effect(
    "K08 K09: accepts runs for its delay after the stop signal, and asks its callers to come back elsewhere",
    () =>
      run(
        Effect.gen(function* () {
          const latch = yield* makeLatch
          const pipeline = waiting(latch)
          const manifest = { ...manifestTest(pipeline), drainDelayMillis: 5_000 }
          const { drain, services, warmUp } = yield* ServiceRuntime.make(pipeline, manifest)
          yield* warmUp
          const { invoke } = Context.get(services, Invocation)
          const { isLeaving } = Context.get(services, Lifecycle)
          const retired = yield* Deferred.make<void>()
          const draining = yield* Effect.fork(
            drain({
              retire: Effect.asVoid(Deferred.succeed(retired, undefined)),
              leave: Effect.void,
              left: Effect.void,
              close: Effect.void,
              successor: Effect.succeed("none")
            })
          )
          yield* Deferred.await(retired)
          assert.isTrue(isLeaving())
          yield* TestClock.adjust("4 seconds")
          const caller = yield* Effect.fork(invoke(parameters))
          yield* Deferred.await(latch.started)
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual((yield* invoke(parameters)).status, 503)
          yield* Deferred.succeed(latch.release, undefined)
          assert.strictEqual((yield* Fiber.join(caller)).status, 200)
          yield* Fiber.join(draining)
        })
      )
  )
})

describe("a replaced version whose callers keep their connections", () => {
  it.effect("finishes a run that begins after all others have ended, before it closes connections", () =>
    run(
      Effect.gen(function* () {
        const { closed, draining, invoke, latch } = yield* replaced(60_000)
        yield* TestClock.adjust("1 second")
        const caller = yield* Effect.fork(invoke)
        yield* Deferred.await(latch.started)
        yield* TestClock.adjust("30 seconds")
        assert.isFalse(yield* Deferred.isDone(closed))
        assert.strictEqual((yield* invoke).status, 503)
        yield* Deferred.succeed(latch.release, undefined)
        assert.strictEqual((yield* Fiber.join(caller)).status, 200)
        yield* Fiber.join(draining)
        assert.isTrue(yield* Deferred.isDone(closed))
      })
    )
  )

  it.effect("interrupts such a run when its time to drain is over", () =>
    run(
      Effect.gen(function* () {
        const { draining, invoke, latch } = yield* replaced(10_000)
        yield* TestClock.adjust("1 second")
        const caller = yield* Effect.fork(invoke)
        yield* Deferred.await(latch.started)
        yield* TestClock.adjust("8 seconds")
        assert.isNull(caller.unsafePoll())
        yield* TestClock.adjust("1 second")
        yield* Deferred.await(latch.interrupted)
        assert.strictEqual((yield* Fiber.join(caller)).status, 503)
        yield* Fiber.join(draining)
      })
    )
  )
})
