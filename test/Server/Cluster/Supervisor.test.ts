import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Logger, TestClock } from "effect"
import * as DoorConnections from "../../../src/Server/Cluster/DoorConnections.js"
import * as RequestRouter from "../../../src/Server/Cluster/RequestRouter.js"
import * as Supervisor from "../../../src/Server/Cluster/Supervisor.js"
import * as WorkerRegistry from "../../../src/Server/Cluster/WorkerRegistry.js"
import { Fakes, type FakeWorker, layer, report, wellBehaved } from "./FakeSpawner.js"

const address = { host: "127.0.0.1", port: 4711 }
const stats = report(0).process
const meter = { read: Effect.succeed(stats), glance: Effect.succeed(stats) }

const supervised = Effect.gen(function* () {
  const registry = WorkerRegistry.make()
  const recovered: Array<number> = []
  let given = 0
  const router = yield* RequestRouter.make({
    registry,
    meter,
    block: Effect.sync(() => ({ first: ++given, size: 1 }))
  })
  const supervision = yield* Supervisor.make({
    slots: [1, 2],
    registry,
    router,
    connections: DoorConnections.make(),
    recover: (slot) => Effect.sync(() => recovered.push(slot)),
    drainLimit: "30 seconds"
  })
  return { supervision, registry, recovered, service: () => registry.report(stats) }
})

const open = Effect.gen(function* () {
  const all = yield* supervised
  const { supervision } = all
  yield* supervision.start
  yield* supervision.listen(address)
  const kept = yield* Effect.fork(supervision.keep(address))
  return { ...all, kept }
})

/** Lets every fiber go as far as it can without time passing. */
const settle = TestClock.adjust(0)

const answersOf = ({ told }: FakeWorker) =>
  told.flatMap((message) => (message._tag === "Answer" ? [message.answer] : []))

const scoped = it.scoped
const provided = Layer.merge(layer, Logger.remove(Logger.defaultLogger))

describe("supervision", () => {
  scoped("starts all workers, lets them listen, and is ready only then", () =>
    Effect.gen(function* () {
      const { registry, service, supervision } = yield* supervised
      yield* supervision.start
      const { all } = yield* Fakes
      assert.deepStrictEqual(
        all.map(({ slot, told }) => [slot, told.length]),
        [
          [1, 0],
          [2, 0]
        ]
      )
      assert.isFalse(service().isReady)
      yield* supervision.listen(address)
      for (const { told } of all) assert.deepInclude(told, { _tag: "Listen", ...address })
      assert.deepInclude(service(), { isReady: true, workers: 2, workerRestarts: 0 })
      assert.strictEqual(registry.entries().length, 2)
      for (const { told } of all) {
        assert.deepStrictEqual(told.at(-1), {
          _tag: "Service",
          condition: { phase: "ready", isRecording: true, checks: [] }
        })
      }
    }).pipe(Effect.provide(provided))
  )

  scoped("fails with the message and the exit code of a worker that cannot start", () =>
    Effect.gen(function* () {
      const fakes = yield* Fakes
      fakes.script((worker, told) =>
        worker.slot === 2 && told === undefined
          ? Effect.zipRight(
              worker.say({ _tag: "Failed", message: "no such model", exitCode: 69 }),
              worker.end({ code: 69 })
            )
          : wellBehaved(worker, told)
      )
      const { supervision } = yield* supervised
      const error = yield* Effect.flip(supervision.start)
      assert.deepStrictEqual([error.message, error.exitCode], ["no such model", 69])
    }).pipe(Effect.provide(provided))
  )

  scoped("fails when a worker ends silently before it is ready", () =>
    Effect.gen(function* () {
      const fakes = yield* Fakes
      fakes.script((worker) => worker.end({ signal: "SIGKILL" }))
      const { supervision } = yield* supervised
      const error = yield* Effect.flip(supervision.start)
      assert.deepStrictEqual([error.message, error.exitCode], ["Worker 1 (process 1000) was ended by SIGKILL.", 70])
    }).pipe(Effect.provide(provided))
  )

  scoped("replaces a worker after a wait that doubles, and recovers its runs at once", () =>
    Effect.gen(function* () {
      const { recovered, service } = yield* open
      const { all } = yield* Fakes
      yield* all[0]?.end({ signal: "SIGKILL" }) ?? Effect.void
      yield* settle
      assert.deepStrictEqual(recovered, [1])
      assert.deepInclude(service(), { isReady: true, workers: 1, workerRestarts: 0 })
      yield* TestClock.adjust("99 millis")
      assert.strictEqual(all.length, 2)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(all.length, 3)
      assert.strictEqual(all[2]?.slot, 1)
      assert.deepInclude(all[2]?.told ?? [], { _tag: "Listen", ...address })
      assert.deepInclude(service(), { workers: 2, workerRestarts: 1 })
      yield* all[2]?.end({ code: 1 }) ?? Effect.void
      yield* TestClock.adjust("199 millis")
      assert.strictEqual(all.length, 3)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(all.length, 4)
      assert.isTrue(all[0]?.isKilled)
      assert.isFalse(all[1]?.isKilled)
    }).pipe(Effect.provide(provided))
  )

  scoped("gives up a slot that is in a crash loop within a minute", () =>
    Effect.gen(function* () {
      const { kept } = yield* open
      const { all } = yield* Fakes
      for (let end = 0; end < 5; end++) {
        yield* all.at(end === 0 ? 0 : -1)?.end({ code: 9 }) ?? Effect.void
        yield* TestClock.adjust("2 seconds")
      }
      const exit = yield* Fiber.await(kept)
      assert.isTrue(Exit.isFailure(exit))
      const error = yield* Effect.flip(Fiber.join(kept))
      assert.strictEqual(error.exitCode, 70)
      assert.include(error.message, "ended with exit code 9. It is the 5th end of this slot within 1m")
      assert.strictEqual(all.length, 2 + 4)
    }).pipe(Effect.provide(provided))
  )

  scoped("continues when ends are more than a minute apart, and begins again with short waits", () =>
    Effect.gen(function* () {
      const { kept, service } = yield* open
      const { all } = yield* Fakes
      for (let end = 0; end < 20; end++) {
        yield* all.at(end === 0 ? 0 : -1)?.end({ code: 9 }) ?? Effect.void
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(all.length, 3 + end)
        yield* TestClock.adjust("1 minute")
      }
      assert.strictEqual(service().workerRestarts, 20)
      assert.isNull(yield* Fiber.poll(kept).pipe(Effect.map((exit) => (exit._tag === "None" ? null : exit.value))))
    }).pipe(Effect.provide(provided))
  )

  scoped("counts a worker that cannot warm up like any other end", () =>
    Effect.gen(function* () {
      const { kept } = yield* open
      const fakes = yield* Fakes
      fakes.script((worker, told) =>
        told === undefined
          ? Effect.zipRight(
              worker.say({ _tag: "Failed", message: "no such model", exitCode: 70 }),
              worker.end({ code: 70 })
            )
          : wellBehaved(worker, told)
      )
      yield* fakes.all[1]?.end({ signal: "SIGSEGV" }) ?? Effect.void
      yield* TestClock.adjust("10 seconds")
      const error = yield* Effect.flip(Fiber.join(kept))
      assert.include(error.message, "Worker 2 (process 1005) could not serve: no such model.")
    }).pipe(Effect.provide(provided))
  )

  scoped("drains every worker, and waits for the last", () =>
    Effect.gen(function* () {
      const { service, supervision } = yield* open
      const fakes = yield* Fakes
      const hold = yield* Deferred.make<void>()
      fakes.script((worker, told) =>
        told?._tag === "Drain" && worker.slot === 2
          ? Effect.asVoid(Effect.fork(Effect.zipRight(Deferred.await(hold), worker.end({ code: 143 }))))
          : wellBehaved(worker, told)
      )
      const draining = yield* Effect.fork(supervision.drain({ reason: "SIGTERM", exitCode: 143 }))
      yield* settle
      assert.isFalse(service().isReady)
      assert.strictEqual((yield* Fiber.poll(draining))._tag, "None")
      for (const { told } of fakes.all) {
        assert.deepInclude(told, { _tag: "Drain", reason: "SIGTERM", exitCode: 143 })
      }
      yield* Deferred.succeed(hold, undefined)
      yield* Fiber.join(draining)
    }).pipe(Effect.provide(provided))
  )

  scoped("does not wait for ever for a worker that does not drain", () =>
    Effect.gen(function* () {
      const { supervision } = yield* open
      const fakes = yield* Fakes
      fakes.script(() => Effect.void)
      const draining = yield* Effect.fork(supervision.drain({ reason: "SIGTERM", exitCode: 143 }))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(draining)
    }).pipe(Effect.provide(provided))
  )
})

describe("the router", () => {
  scoped("sums the reports of running and ended workers, and does not wait long for a worker that hangs", () =>
    Effect.gen(function* () {
      const { service } = yield* open
      const fakes = yield* Fakes
      const [first, second] = fakes.all
      if (first === undefined || second === undefined) return assert.fail("two workers were expected")
      yield* first.say({ _tag: "Changed", report: report(3) })
      yield* second.say({ _tag: "Changed", report: report(4) })
      yield* settle
      assert.strictEqual(service().counters.runs.succeeded, 7)
      fakes.script((worker, told) =>
        told?._tag === "Question" && worker.slot === 1
          ? worker.say({ _tag: "Reply", id: told.id, reply: { _tag: "Report", report: report(5) } })
          : wellBehaved(worker, told)
      )
      yield* first.say({ _tag: "Ask", id: 1, ask: { _tag: "Report" } })
      yield* settle
      assert.deepStrictEqual(answersOf(first), [])
      yield* TestClock.adjust(RequestRouter.replyMillis)
      const [answer] = answersOf(first)
      if (answer?._tag !== "Report") return assert.fail("an answer was expected")
      assert.strictEqual(answer.report.counters.runs.succeeded, 9)
      assert.strictEqual(answer.report.inFlight, 2)

      yield* second.end({ signal: "SIGKILL" })
      yield* settle
      assert.strictEqual(service().counters.runs.succeeded, 9)
      assert.strictEqual(service().inFlight, 1)
      yield* TestClock.adjust("1 second")
      assert.deepInclude(service(), { workers: 2, workerRestarts: 1 })
      assert.strictEqual(service().counters.runs.succeeded, 9)
    }).pipe(Effect.provide(provided))
  )

  scoped("reports that the service does not record while one worker cannot", () =>
    Effect.gen(function* () {
      yield* open
      const { all } = yield* Fakes
      const [first, second] = all
      const conditions = () => second?.told.flatMap((told) => (told._tag === "Service" ? [told.condition] : []))
      const failing = { phase: "ready", isRecording: false, checks: [] } as const
      yield* first?.say({ _tag: "Changed", report: report(1, { condition: failing }) }) ?? Effect.void
      yield* settle
      assert.deepStrictEqual(conditions()?.at(-1), failing)
      yield* first?.say({ _tag: "Changed", report: report(1) }) ?? Effect.void
      yield* settle
      assert.deepStrictEqual(conditions()?.at(-1), { phase: "ready", isRecording: true, checks: [] })
    }).pipe(Effect.provide(provided))
  )

  scoped("allocates each index once", () =>
    Effect.gen(function* () {
      yield* open
      const { all } = yield* Fakes
      for (const worker of all) yield* worker.say({ _tag: "Ask", id: 1, ask: { _tag: "Indexes" } })
      yield* settle
      assert.deepStrictEqual(
        all.flatMap(answersOf).map((answer) => answer._tag === "Indexes" && answer.block.first),
        [1, 2]
      )
    }).pipe(Effect.provide(provided))
  )
})
