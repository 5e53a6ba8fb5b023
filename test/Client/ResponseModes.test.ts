// The client's other views of a run, against the real serving runtime.
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Layer, Schema, Stream } from "effect"
import { Client, Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import type { RunStore } from "../../src/Store/RunStore.js"
import { served } from "../Server/Harness.js"
import { CityUnknown, makeLatch, waiting, weather } from "../Server/Pipelines.js"

const provided =
  (...args: Parameters<typeof served>) =>
  <A, E>(effect: Effect.Effect<A, E, Serve.Served | RunStore | Layer.Layer.Success<typeof FetchHttpClient.layer>>) =>
    Effect.provide(effect, Layer.merge(served(...args), FetchHttpClient.layer))

const names = (events: Chunk.Chunk<Client.RunEvent>) => Chunk.toReadonlyArray(events).map(({ event }) => event)

describe("a typed client", () => {
  const client = Effect.map(Serve.Served, ({ url }) => Client.make(weather, { url }))

  it.live("starts a run and waits for its outputs later", () =>
    Effect.gen(function* () {
      const { awaitRun, start } = yield* client
      const id = yield* start({ city: "Oslo" }, { runName: "later" })
      assert.deepStrictEqual(yield* awaitRun(id), { summary: "Oslo: 4C" })
      assert.deepStrictEqual(yield* awaitRun(id), { summary: "Oslo: 4C" })
    }).pipe(provided(weather))
  )

  it.live("waits for declared and other failures", () =>
    Effect.gen(function* () {
      const { awaitRun, start } = yield* client
      const failed = yield* Effect.flatMap(start({ city: "Atlantis" }), (id) => Effect.flip(awaitRun(id)))
      assert.deepStrictEqual(failed, new CityUnknown({ city: "Atlantis" }))
      const broken = yield* Effect.flatMap(start({ city: "Bug" }), (id) => Effect.flip(awaitRun(id)))
      assert.strictEqual(broken._tag, "InternalError")
      const without = yield* Effect.flatMap(start({ city: "Oslo" }, { skipArtifacts: true }), (id) =>
        Effect.flip(awaitRun(id))
      )
      assert.include(without.message, "was recorded without data")
      const none = yield* Effect.flip(awaitRun("00000000-0000-7000-8000-000000000000"))
      assert.strictEqual(none._tag, "RunNotFound")
    }).pipe(provided(weather))
  )

  it.live("emits the events of an invocation, and fails if it is refused", () =>
    Effect.gen(function* () {
      const { stream } = yield* client
      const events = yield* Stream.runCollect(stream({ city: "Oslo" }))
      assert.deepStrictEqual(names(events), [
        "run_started",
        "step_started",
        "step_finished",
        "step_started",
        "step_finished",
        "message",
        "run_finished"
      ])
      const error = yield* Effect.flip(Stream.runDrain(stream({ city: "Oslo", days: 0 })))
      assert.strictEqual(error._tag, "DeploymentInvalidParameters")
      const { url } = yield* Serve.Served
      const again = yield* Stream.runCollect(Client.events({ url }, yield* idOf(events)))
      assert.deepStrictEqual(Chunk.toReadonlyArray(again), Chunk.toReadonlyArray(events))
    }).pipe(provided(weather))
  )

  it.live("gets one run for one idempotency key, in every response mode, and refuses another body", () =>
    Effect.gen(function* () {
      const { awaitRun, invokeDetailed, start, stream } = yield* client
      const options = { idempotencyKey: "once" }
      const id = yield* start({ city: "Oslo" }, options)
      assert.strictEqual(yield* start({ city: "Oslo" }, options), id)
      yield* awaitRun(id)
      assert.strictEqual((yield* invokeDetailed({ city: "Oslo" }, options)).metadata.runId, id)
      assert.strictEqual(yield* idOf(yield* Stream.runCollect(stream({ city: "Oslo" }, options))), id)
      const other = yield* Effect.flip(start({ city: "Rome" }, options))
      assert.strictEqual(other._tag, "IdempotencyConflict")
    }).pipe(provided(weather))
  )

  it.live("names the cause if the deployment records no runs", () =>
    Effect.gen(function* () {
      const { start } = yield* client
      const error = yield* Effect.flip(start({ city: "Oslo" }))
      assert.include(error.message, "it records no runs, so the run completed")
      const { url } = yield* Serve.Served
      const known = yield* Effect.flip(Client.start({ url, serving: { recording: "none" } }, { city: "Oslo" }))
      assert.include(known.message, "use invoke instead")
    }).pipe(provided(weather, { serving: { recording: "none" } }))
  )
})

describe("an untyped client", () => {
  it.live("cancels a run that other callers follow and wait for", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const id = yield* Client.start({ url }, {})
        const following = yield* Effect.fork(Stream.runCollect(Client.events({ url }, id)))
        const typed = yield* Effect.fork(Effect.flip(Client.make(nothing, { url }).awaitRun(id)))
        yield* Deferred.await(latch.started)
        const cancelled = yield* Client.cancel({ url }, id)
        assert.deepInclude(cancelled, { id, status: "interrupted", cause: "cancelled" })
        assert.strictEqual(names(yield* Fiber.join(following)).at(-1), "run_finished")
        assert.deepInclude(yield* Client.awaitRun({ url }, id), { status: "interrupted", cause: "cancelled" })
        assert.deepInclude(yield* Fiber.join(typed), { _tag: "RunInterrupted", reason: "cancelled", runId: id })
      }).pipe(provided(waiting(latch)))
    })
  )

  it.live("interrupts the run if its follower disconnects", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.gen(function* () {
        const { url } = yield* Serve.Served
        const events = yield* Stream.runCollect(Stream.take(Client.stream({ url }, {}), 2))
        assert.deepStrictEqual(names(events), ["run_started", "step_started"])
        yield* Deferred.await(latch.interrupted)
        const run = yield* Client.awaitRun({ url }, yield* idOf(events))
        assert.deepInclude(run, { status: "interrupted", cause: "disconnected" })
        const error = yield* Effect.flip(Client.outputsOf({ name: "waiting", url }, { ...run, runId: run.id }))
        assert.strictEqual(error._tag, "RunInterrupted")
      }).pipe(provided(waiting(latch)))
    })
  )
})

const nothing = Pipeline.make("waiting", {
  input: Schema.Struct({}),
  output: Schema.String,
  run: () => Effect.succeed("")
})

const idOf = (events: Chunk.Chunk<Client.RunEvent>) =>
  Effect.sync(() => {
    const first = Chunk.unsafeHead(events)
    return first.event === "run_started" ? first.data.runId : ""
  })
