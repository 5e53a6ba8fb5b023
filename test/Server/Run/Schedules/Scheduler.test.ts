// Schedules where time is virtual, over a real store: every firing has one run, of any number of processes.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Redacted, Schema, TestClock } from "effect"
import { Pipeline } from "effect-deployers"
import { Server } from "effect-deployers/Server"
import * as ScheduleTimes from "../../../../src/Server/Run/Schedules/ScheduleTimes.js"
import { RunStore } from "../../../../src/Store/RunStore.js"
import { ask } from "../../Ask.js"
import { memory, quiet } from "../../Harness.js"

const report = (run: (n: number) => Effect.Effect<number> = Effect.succeed) =>
  Pipeline.make("report", { input: Schema.Struct({ n: Schema.Int }), output: Schema.Int, run: ({ n }) => run(n) })

/** Each step of virtual time costs real milliseconds while a service lives, so these schedules have short periods. */
const often = (options: { readonly missed?: Pipeline.Missed; readonly overlap?: boolean } = {}) =>
  Pipeline.schedule<ReturnType<typeof report>["input"]>("often", {
    cron: "*/4 * * * * *",
    input: { n: 7 },
    ...options
  })

const virtually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(effect).pipe(Effect.provide(Layer.mergeAll(memory(), quiet, Server.layerMicrotasks)))

const runs = Effect.flatMap(RunStore, (store) =>
  Effect.map(store.list({ limit: 100 }), ({ runs }) => runs.map(({ name, status }) => `${name} ${status}`).reverse())
)

const states = Effect.flatMap(RunStore, ({ schedules }) =>
  Effect.map(schedules.find(["often"]), ([schedule]) => schedule?.firings.map(({ state }) => state).reverse() ?? [])
)

const second = TestClock.adjust("1 second")

const seconds = (count: number) => Effect.repeatN(second, count - 1)

describe("a schedule", () => {
  it.effect("starts one run at each of its times, from several processes", () =>
    virtually(
      Effect.gen(function* () {
        for (const _ of [1, 2]) yield* Effect.asVoid(Server.httpApp(report().pipe(often())))
        yield* seconds(3)
        assert.deepStrictEqual(yield* runs, [])
        yield* seconds(6)
        assert.deepStrictEqual(yield* runs, [
          "often 1970-01-01T00:00:04.000Z succeeded",
          "often 1970-01-01T00:00:08.000Z succeeded"
        ])
        assert.deepStrictEqual(yield* states, ["started", "started"])
      })
    )
  )

  it.effect.each([
    [false, ["started", "skipped", "started"]],
    [true, ["started", "started", "started"]]
  ] as const)(
    "with overlap: %s treats a firing while the run before is in progress as it says",
    ([overlap, expected]) =>
      virtually(
        Effect.gen(function* () {
          const release = yield* Deferred.make<void>()
          yield* Effect.asVoid(
            Server.httpApp(report((n) => Effect.as(Deferred.await(release), n)).pipe(often({ overlap })))
          )
          yield* seconds(9)
          yield* Deferred.succeed(release, undefined)
          yield* seconds(4)
          assert.deepStrictEqual(yield* states, [...expected])
        })
      )
  )

  it.effect.each([
    ["skip", []],
    ["last", ["07:04"]],
    [{ all: 2 }, ["07:00", "07:04"]]
  ] as const)("with missed: %j treats firings that no process served as it says", ([missed, expected]) =>
    virtually(
      Effect.gen(function* () {
        const daily = Pipeline.schedule<ReturnType<typeof report>["input"]>("daily", {
          cron: "0,4 7 * * *",
          input: { n: 7 },
          missed
        })
        yield* Effect.scoped(Effect.zipRight(Server.httpApp(report().pipe(daily)), second))
        yield* TestClock.adjust("10 hours")
        yield* Effect.asVoid(Server.httpApp(report().pipe(daily)))
        yield* seconds(2)
        assert.deepStrictEqual(
          (yield* runs).map((name) => name.slice(17, 22)),
          [...expected]
        )
      })
    )
  )

  it.effect("is claimed again when the process that claimed it dies before its run", () =>
    virtually(
      Effect.gen(function* () {
        const store = yield* RunStore
        const runId = "01900000-0000-7000-8000-000000000001"
        yield* store.schedules.fire({ name: "often", dueAt: 1, runId })
        yield* TestClock.adjust("61 seconds")
        yield* Effect.asVoid(Server.httpApp(report().pipe(often())))
        yield* seconds(2)
        assert.strictEqual((yield* store.find(runId))._tag, "Some")
        assert.lengthOf(yield* runs, 1)
      })
    )
  )

  it.effect("is listed, paused, resumed and fired over HTTP, by a key that may", () =>
    virtually(
      Effect.gen(function* () {
        const app = yield* Server.httpApp(report().pipe(often()), { authKeys: [Redacted.make("secret")] })
        const headers = { authorization: "Bearer secret" }
        const post = (change: string, name = "often") =>
          ask(app, `/schedules/${name}/${change}`, { method: "POST", headers })
        yield* second
        const listed = yield* ask(app, "/schedules", { headers })
        assert.deepStrictEqual(listed.json["schedules"], [
          {
            name: "often",
            cron: "*/4 * * * * * UTC",
            input: { n: 7 },
            missed: "last",
            overlap: false,
            isPaused: false,
            nextAt: "1970-01-01T00:00:04.000Z",
            firings: []
          }
        ])
        const paused = yield* post("pause")
        assert.deepStrictEqual([paused.status, paused.json["isPaused"], paused.json["nextAt"]], [200, true, undefined])
        yield* seconds(4)
        assert.deepStrictEqual(yield* runs, [])
        const fired = yield* post("fire")
        assert.strictEqual(fired.status, 202)
        yield* second
        const run = yield* ask(app, `/runs/${fired.json.runId}`, { headers })
        assert.deepStrictEqual([run.json["status"], run.json["outputs"]], ["succeeded", 7])
        const resumed = yield* post("resume")
        assert.strictEqual(resumed.json["nextAt"], "1970-01-01T00:00:08.000Z")
        yield* seconds(3)
        assert.lengthOf(yield* runs, 2)
        const missing = yield* post("fire", "other")
        assert.deepStrictEqual([missing.status, missing.json["_tag"]], [404, "ScheduleNotFound"])
        assert.strictEqual((yield* ask(app, "/schedules")).status, 401)
      })
    )
  )

  it.effect("starts nothing where the settings say so", () =>
    virtually(
      Effect.gen(function* () {
        yield* Effect.asVoid(Server.httpApp(report().pipe(often()), { serving: { runSchedules: false } }))
        yield* seconds(5)
        assert.deepStrictEqual(yield* runs, [])
      })
    )
  )
})

describe("the definition of a schedule", () => {
  it("is refused with the reason when it is not valid", () => {
    const make = (name: string, options: object) => () =>
      Pipeline.schedule<ReturnType<typeof report>["input"]>(name, { cron: "* * * * *", input: { n: 1 }, ...options })(
        report()
      )
    assert.throws(make("s", { cron: "61 * * * *" }), /"s".*61/)
    assert.throws(make("s", { cron: "* *" }), /"s"/)
    assert.throws(make("a b", {}), /name/)
    assert.throws(make("s", { missed: { all: 0 } }), /1,000/)
  })
  it("has its times in its zone", () => {
    const [schedule] = report().pipe(
      Pipeline.schedule("daily", { cron: "30 3 * * *", timeZone: "Europe/Berlin", input: { n: 1 } })
    ).schedules
    const summer = schedule?.next(Date.UTC(2026, 6, 1))
    assert.strictEqual(summer, Date.UTC(2026, 6, 1, 1, 30))
  })
  it("is not counted one by one after a long pause", () => {
    const [schedule] = report().pipe(
      Pipeline.schedule("often", { cron: "* * * * * *", input: { n: 1 }, missed: { all: 3 } })
    ).schedules
    if (schedule === undefined) return assert.fail()
    const now = Date.UTC(2026, 0, 1)
    const times = ScheduleTimes.due(schedule, Date.UTC(2025, 0, 1), now)
    assert.deepStrictEqual(
      times.slice(0, 3),
      [64_000, 63_000, 62_000].map((millis) => now - millis).map((at) => at + 1_000)
    )
    assert.strictEqual(times.at(-1), now)
  })
})
