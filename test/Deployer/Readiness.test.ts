import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Ref, Schedule, Stream, TestClock } from "effect"
import * as Readiness from "../../src/Deployer/Readiness.js"
import { LogLine } from "../../src/Deployment.js"

const answering = (...answers: ReadonlyArray<Readiness.ProbeResult>) =>
  Effect.map(Ref.make(0), (asked) => ({
    asked: Ref.get(asked),
    probe: Effect.map(
      Ref.getAndUpdate(asked, (count) => count + 1),
      (count) => answers[Math.min(count, answers.length - 1)] ?? Readiness.ready
    )
  }))

const clientOf = (respond: (url: string) => Effect.Effect<Response>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.map(respond(url.href), (response) => HttpClientResponse.fromWeb(request, response))
    )
  )

const isDone = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) => Effect.map(Fiber.poll(fiber), (exit) => exit._tag === "Some")

describe("poll", () => {
  it.effect("is ready at once when the first answer is", () =>
    Effect.gen(function* () {
      const { asked, probe } = yield* answering(Readiness.ready)
      yield* Readiness.poll({ probe, deadline: "1 second" })
      assert.strictEqual(yield* asked, 1)
    })
  )

  it.effect("asks again after 10 ms, and at least twice a second later on", () =>
    Effect.gen(function* () {
      const { asked, probe } = yield* answering(Readiness.waiting("no"))
      const fiber = yield* Effect.fork(Readiness.poll({ probe, deadline: "1 hour" }))
      yield* TestClock.adjust("9 millis")
      assert.strictEqual(yield* asked, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* asked, 2)
      yield* TestClock.adjust("30 seconds")
      const before = yield* asked
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* asked) - before, 20)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("fails at the deadline with the last answer", () =>
    Effect.gen(function* () {
      const { probe } = yield* answering(Readiness.waiting("first"), Readiness.waiting("second"))
      const fiber = yield* Effect.fork(Effect.flip(Readiness.poll({ probe, deadline: "2 seconds" })))
      yield* TestClock.adjust("1999 millis")
      assert.isFalse(yield* isDone(fiber))
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { _tag: "NotReady", reason: "deadline", lastAnswer: "second", deadlineMillis: 2_000 })
      assert.strictEqual(error.message, "It was not ready within 2000 ms; last answer: second.")
    })
  )

  it.effect("does not wait for a slow probe longer than the deadline, and interrupts it", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const probe = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const fiber = yield* Effect.fork(Effect.flip(Readiness.poll({ probe, deadline: "1 second" })))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason, "deadline")
      assert.isUndefined(error.lastAnswer)
      yield* Deferred.await(interrupted)
    })
  )

  it.effect("ends at once when what it waits for ends", () =>
    Effect.gen(function* () {
      const exit = yield* Deferred.make<string>()
      const { probe } = yield* answering(Readiness.waiting("refused"))
      const fiber = yield* Effect.fork(
        Effect.flip(Readiness.poll({ probe, deadline: "1 hour", exited: Deferred.await(exit) }))
      )
      yield* TestClock.adjust("20 millis")
      yield* Deferred.succeed(exit, "exit code 70")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { reason: "exited", exit: "exit code 70", lastAnswer: "refused" })
      assert.strictEqual(error.message, "It ended before it was ready: exit code 70; last answer: refused.")
    })
  )

  it.effect("is not ready when its schedule gives up", () =>
    Effect.gen(function* () {
      const { asked, probe } = yield* answering(Readiness.waiting("no"))
      const error = yield* Effect.flip(Readiness.poll({ probe, deadline: "1 hour", schedule: Schedule.recurs(2) }))
      assert.strictEqual(error.reason, "attempts")
      assert.strictEqual(yield* asked, 3)
    })
  )

  it.effect("can be interrupted", () =>
    Effect.gen(function* () {
      const { probe } = yield* answering(Readiness.waiting("no"))
      const fiber = yield* Effect.fork(Readiness.poll({ probe, deadline: "1 hour" }))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
    })
  )
})

describe("http", () => {
  it.effect("is ready when the status is the expected one", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Readiness.http("http://a", { path: "/health" }), Readiness.ready)
      assert.deepStrictEqual(
        yield* Readiness.http("http://a", { path: "/health", expectStatus: 204 }),
        Readiness.waiting("http://a/health answered with status 200 instead of 204")
      )
    }).pipe(
      Effect.provide(
        clientOf((url) => Effect.succeed(new Response("ok", { status: url === "http://a/health" ? 200 : 500 })))
      )
    )
  )

  it.effect("gives up on an answer after its own timeout", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Readiness.http("http://a"))
      yield* TestClock.adjust("1999 millis")
      assert.isFalse(yield* isDone(fiber))
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(fiber), Readiness.waiting("http://a did not answer within 2s"))
    }).pipe(Effect.provide(clientOf(() => Effect.never)))
  )

  it.effect("does not follow redirects", () =>
    Effect.gen(function* () {
      const asked: Array<{ url: string; redirect: string | undefined }> = []
      const fetch: typeof globalThis.fetch = (url, init) => {
        asked.push({ url: `${url}`, redirect: init?.redirect })
        return Promise.resolve(new Response(null, { status: 302, headers: { location: "http://b/" } }))
      }
      const answer = yield* Readiness.http("http://a/").pipe(
        Effect.provide(Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch))),
        Effect.provideService(FetchHttpClient.Fetch, fetch)
      )
      assert.deepStrictEqual(asked, [{ url: "http://a/", redirect: "manual" }])
      assert.deepStrictEqual(answer, Readiness.waiting("http://a/ answered with status 302 instead of 200"))
    })
  )

  it.live("says that no process listens", () =>
    Effect.gen(function* () {
      const answer = yield* Readiness.http("http://127.0.0.1:1")
      assert.deepStrictEqual(answer, Readiness.waiting("http://127.0.0.1:1 could not be reached: Transport"))
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})

describe("log", () => {
  const lines = Stream.make(new LogLine({ text: "starting" }), new LogLine({ text: "listening on 80" }))

  it.effect("is ready when a line matches, however often it is asked", () =>
    Effect.gen(function* () {
      const probe = Readiness.log(/listening/g, lines)
      assert.deepStrictEqual(yield* probe, Readiness.ready)
      assert.deepStrictEqual(yield* probe, Readiness.ready)
      assert.deepStrictEqual(yield* Readiness.log(/ready/, lines), Readiness.waiting("no log line matches /ready/ yet"))
    })
  )

  it.effect("waits when the log cannot be read", () =>
    Effect.gen(function* () {
      const answer = yield* Readiness.log(/x/, Stream.fail(new Error("no file")))
      assert.deepStrictEqual(answer, Readiness.waiting("its log could not be read: no file"))
    })
  )
})

describe("all and any", () => {
  const yes = Effect.succeed(Readiness.ready)
  const no = (reason: string) => Effect.succeed(Readiness.waiting(reason))

  it.effect("all is ready when every probe is, else names every reason", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Readiness.all([yes, yes]), Readiness.ready)
      assert.deepStrictEqual(yield* Readiness.all([no("a"), yes, no("b")]), Readiness.waiting("a; b"))
    })
  )

  it.effect("any is ready as soon as one probe is, without waiting for the others", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Readiness.any([Effect.never, yes]), Readiness.ready)
      assert.deepStrictEqual(yield* Readiness.any([no("a"), no("b")]), Readiness.waiting("a; b"))
      assert.deepStrictEqual(yield* Readiness.any<Readiness.Probe>([]), Readiness.waiting("there is no probe"))
    })
  )
})
