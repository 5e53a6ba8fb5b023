import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Schema, TestClock } from "effect"
import { Client, Deployer, Errors, Pipeline } from "effect-deployers"
import { InMemoryDeployer } from "effect-deployers/Testing"

const started: Array<number> = []

const Numbered = Schema.Struct({ number: Schema.Number })

const numbered = Pipeline.make("numbered", {
  input: Numbered,
  output: Numbered,
  settings: { maxConcurrency: 2, maxQueue: 2, requestTimeoutMillis: 100_000 },
  run: ({ number }) =>
    Effect.sync(() => {
      started.push(number)
      return { number }
    })
})

const name = "numbered"
const client = Client.make(numbered, name)

const provided = Effect.gen(function* () {
  started.length = 0
  const deployer = yield* Deployer.Deployer
  const snapshot = yield* InMemoryDeployer.snapshot(numbered)
  return { deployer, snapshot, made: yield* deployer.provision(snapshot, { name }) }
})

/** Waits until so many runs wait. */
const waiting = (runs: number) =>
  Effect.repeat(Client.metrics(name), {
    until: (text) => new RegExp(`^deployers_runs_queued ${runs}$`, "m").test(text)
  })

/** Invokes once more, and returns when the run waits. */
const held = (number: number) => Effect.zipLeft(Effect.fork(Effect.either(client.invoke({ number }))), waiting(number))

const answers = <A, E>(fibers: ReadonlyArray<Fiber.Fiber<A, E>>) => Fiber.join(Fiber.all(fibers))

describe("a pause", () => {
  it.effect("lets runs wait in order up to the places and the queue, until resume", () =>
    Effect.gen(function* () {
      const { deployer } = yield* provided
      yield* client.invoke({ number: 0 })
      yield* deployer.pause(name, { for: "1 minute" })
      const fibers = yield* Effect.forEach([1, 2, 3, 4], held)
      assert.strictEqual((yield* Effect.flip(client.invoke({ number: 5 })))._tag, "TooManyRuns")
      assert.deepStrictEqual(started, [0])
      assert.strictEqual((yield* Client.health(name)).status, "ready")
      yield* deployer.resume(name)
      const results = yield* answers(fibers)
      assert.deepStrictEqual(
        results.map((result) => result._tag),
        ["Right", "Right", "Right", "Right"]
      )
      assert.deepStrictEqual(started, [0, 1, 2, 3, 4])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("ends by itself, outlives a replace, and a deadline ends the wait of its run", () =>
    Effect.gen(function* () {
      const { deployer, snapshot } = yield* provided
      yield* deployer.pause(name, { for: "5 seconds" })
      const replaced = yield* deployer.provision(snapshot, { name })
      assert.strictEqual(replaced.intake?._tag, "Paused")
      const first = yield* held(1)
      const short = yield* Effect.fork(Effect.flip(client.invoke({ number: 2 }, { timeout: "1 second" })))
      yield* waiting(2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(short))._tag, "RunTimedOut")
      yield* TestClock.adjust("3900 millis")
      assert.deepStrictEqual(started, [])
      yield* TestClock.adjust("200 millis")
      assert.strictEqual((yield* Fiber.join(first))._tag, "Right")
      assert.deepStrictEqual(started, [1])
      assert.isUndefined((yield* deployer.get(name)).intake)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("lets a caller leave, and a waiting run be cancelled", () =>
    Effect.gen(function* () {
      const { deployer } = yield* provided
      yield* deployer.pause(name)
      const leaving = yield* held(1)
      yield* Fiber.interrupt(leaving)
      yield* waiting(0)
      const id = yield* client.start({ number: 2 })
      assert.strictEqual((yield* Client.run(name, id)).status, "queued")
      assert.strictEqual((yield* Client.cancel(name, id)).status, "interrupted")
      yield* deployer.resume(name)
      yield* client.invoke({ number: 3 })
      assert.deepStrictEqual(started, [3])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})

describe("a maintenance", () => {
  it.effect("answers new runs with 503, Retry-After and the message, and everything else as ever", () =>
    Effect.gen(function* () {
      const { deployer, made } = yield* provided
      const { metadata } = yield* client.invokeDetailed({ number: 0 })
      yield* deployer.maintenance(name, { message: "Back at 14:00.", retryAfter: "10 minutes" })
      const error = yield* Effect.flip(client.invoke({ number: 1 }))
      assert.deepInclude(error, { _tag: "ServiceInMaintenance", message: "Back at 14:00.", retryAfterSeconds: 600 })
      assert.isTrue(Errors.isCallError(error))
      assert.isFalse(Errors.isRetryable(error))
      assert.strictEqual((yield* Effect.flip(client.start({ number: 1 })))._tag, "ServiceInMaintenance")
      const key = (yield* deployer.authKey(name)) ?? Redacted.make("")
      const get = (path: string) => HttpClient.get(`${made.url}${path}`)
      const refused = yield* HttpClientRequest.post(`${made.url}/invoke`).pipe(
        HttpClientRequest.bodyUnsafeJson({ parameters: { number: 1 } }),
        HttpClientRequest.bearerToken(key),
        HttpClient.execute
      )
      assert.deepStrictEqual([refused.status, refused.headers["retry-after"]], [503, "600"])
      assert.deepStrictEqual([(yield* get("/health/ready")).status, (yield* get("/health")).status], [503, 200])
      assert.strictEqual((yield* get("/health/live")).status, 200)
      const health = yield* Client.health(name)
      assert.strictEqual(health.status, "maintenance")
      assert.deepInclude(health.checks, { name: "intake", status: "pass", reason: "Back at 14:00." })
      assert.strictEqual((yield* Client.run(name, metadata.runId)).status, "succeeded")
      assert.strictEqual((yield* Client.runs(name)).runs.length, 1)
      yield* deployer.resume(name)
      yield* client.invoke({ number: 2 })
      assert.deepStrictEqual(started, [0, 2])
      assert.strictEqual((yield* get("/health/ready")).status, 200)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("refuses the runs that wait, except those whose callers know that they were accepted", () =>
    Effect.gen(function* () {
      const { deployer } = yield* provided
      yield* deployer.pause(name)
      const waits = yield* held(1)
      const keyed = yield* Effect.fork(Effect.either(client.invoke({ number: 2 }, { idempotencyKey: "two" })))
      yield* waiting(2)
      const id = yield* client.start({ number: 3 })
      yield* deployer.maintenance(name, { message: "Closed." })
      for (const fiber of [waits, keyed]) {
        const result = yield* Fiber.join(fiber)
        assert.strictEqual(result._tag === "Left" ? result.left._tag : "Right", "ServiceInMaintenance")
      }
      assert.deepStrictEqual(yield* client.awaitRun(id), { number: 3 })
      assert.deepStrictEqual(started, [3])
      assert.strictEqual((yield* Client.runs(name)).runs.length, 1)
      yield* deployer.resume(name)
      assert.deepStrictEqual(yield* client.invoke({ number: 2 }, { idempotencyKey: "two" }), { number: 2 })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
