import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, DateTime, Effect, Layer, Option, TestClock } from "effect"
import { id, run, started, write } from "../../src/Conformance/StoreSuite/Fixtures.js"
import { LeaseClock } from "../../src/Store/Database/Dialect.js"
import * as PostgresRuns from "../../src/Store/PostgresRuns.js"
import { RunStore, type RunWrite } from "../../src/Store/RunStore.js"
import * as PostgresRunsSchema from "../../src/Store/Runs/PostgresRunsSchema.js"
import { sharedDatabase } from "./Postgres.js"

const database = sharedDatabase(PostgresRunsSchema.schema)

let deployments = 0

/** Makes a deployment, and returns what makes run stores of its processes. */
const deployment = Effect.sync(() => {
  const name = `processes-${++deployments}`
  const store = (options: { readonly generation?: number; readonly ownClock?: boolean } = {}) =>
    Effect.map(
      Layer.build(
        PostgresRuns.layerSql({ deployment: name, generation: options.generation }).pipe(
          Layer.provide(options.ownClock === false ? Layer.empty : Layer.succeed(LeaseClock, "process")),
          Layer.provide(database)
        )
      ),
      (context) => Context.get(context, RunStore)
    )
  return store
})

type Store = typeof RunStore.Service

const lease = (n: number, token: number, request?: string): RunWrite => ({
  _tag: "Lease",
  runId: id(n),
  token,
  request
})

const leased = (n: number): ReadonlyArray<RunWrite> => [write(started(n)), lease(n, 1, "{}")]

/** Some seconds in which processes are alive. */
const beats = (seconds: number, ...stores: ReadonlyArray<Store>) =>
  Effect.repeatN(
    Effect.zipRight(
      TestClock.adjust("2 seconds"),
      Effect.forEach(stores, ({ alive }) => alive)
    ),
    seconds / 2 - 1
  )

const takenBy = (store: Store) => Effect.map(store.take(10), (runs) => runs.map(({ run }) => run.id))

describe("the processes of a deployment on one database", () => {
  it.scoped("P03: the runs of a dead one go to another after the lease, and its writes are refused", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const [dying, other] = [yield* store(), yield* store()]
      yield* Effect.zipRight(dying.alive, other.alive)
      yield* dying.commit([...leased(1), write(started(2))])
      yield* beats(40, dying, other)
      assert.deepStrictEqual(yield* takenBy(other), [])
      yield* beats(28, other)
      assert.deepStrictEqual(yield* takenBy(other), [])
      yield* beats(4, other)
      assert.deepStrictEqual(yield* takenBy(other), [id(1)])
      assert.deepStrictEqual(yield* takenBy(dying), [])
      const late = yield* Effect.flip(dying.commit([write(run(1)), lease(1, 1)]))
      assert.strictEqual(late.reason, "fenced")
      yield* other.commit([write(run(1)), lease(1, 2)])
      const ends = yield* Effect.forEach([1, 2], (n) => Effect.map(other.find(id(n)), Option.getOrThrow))
      assert.deepStrictEqual(
        ends.map(({ cause, status }) => [status, cause]),
        [
          ["succeeded", undefined],
          ["interrupted", "lost"]
        ]
      )
    })
  )

  it.scoped("P01: after an outage of the database each process keeps its runs", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const [slow, quick] = [yield* store(), yield* store()]
      yield* slow.commit([...leased(1), write(started(2))])
      yield* beats(60, slow, quick)
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([yield* quick.alive, yield* takenBy(quick)], [0, []])
      yield* slow.alive
      yield* beats(60, slow, quick)
      assert.deepStrictEqual(yield* takenBy(quick), [])
      yield* slow.commit([write(run(1)), lease(1, 1), write(run(2))])
      assert.strictEqual((yield* slow.counts).succeeded, 2)
    })
  )

  it.scoped("P03: a process that starts takes nothing of the others before it has watched them for the lease", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const old = yield* store()
      yield* old.alive
      yield* old.commit(leased(1))
      yield* TestClock.adjust("1 hour")
      const young = yield* store()
      assert.strictEqual(yield* young.markLost, 0)
      yield* young.alive
      assert.deepStrictEqual(yield* takenBy(young), [])
      yield* beats(32, young)
      assert.deepStrictEqual(yield* takenBy(young), [id(1)])
    })
  )

  it.scoped("P03: of processes that take at the same time, one gets each run", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const first = yield* store({ generation: 1 })
      const numbers = Array.from({ length: 30 }, (_, n) => n + 1)
      yield* first.commit(numbers.flatMap(leased))
      yield* first.orphan
      const others = yield* Effect.replicateEffect(store(), 3)
      const taken = yield* Effect.all(
        Array.from({ length: 18 }, (_, n) => others[n % 3]?.take(4) ?? Effect.succeed([])),
        { concurrency: 6 }
      )
      const ids = taken.flat().map(({ run }) => run.id)
      assert.strictEqual(new Set(ids).size, ids.length)
      const rest = yield* takenBy(first)
      assert.deepStrictEqual(
        [...ids, ...rest, ...(yield* takenBy(first)), ...(yield* takenBy(first))].sort(),
        numbers.map(id)
      )
    })
  )

  it.scopedLive("P10: clocks that differ by minutes give no run and no firing to two processes", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const at = (millis: number) => Effect.withClock(shifted(millis))
      const behind = yield* store({ ownClock: false }).pipe(at(-600_000))
      const ahead = yield* store({ ownClock: false }).pipe(at(600_000))
      yield* at(-600_000)(behind.alive)
      yield* at(600_000)(ahead.alive)
      const startedAt = yield* at(-600_000)(DateTime.now)
      yield* at(-600_000)(behind.commit([write(started(1, { startedAt })), lease(1, 1, "{}")]))
      assert.deepStrictEqual(yield* at(600_000)(takenBy(ahead)), [])
      assert.strictEqual(yield* at(600_000)(ahead.alive), 0)

      const names = ["daily"]
      yield* at(-600_000)(behind.schedules.register({ name: "daily", cron: "c", nextAt: 5 }))
      const firings = [{ dueAt: 5, runId: id(9) }]
      const claim = { name: "daily", cron: "c", expected: 5, nextAt: 10, firings, overlap: true }
      assert.lengthOf(yield* at(-600_000)(behind.schedules.claim(claim)), 1)
      assert.deepStrictEqual(yield* at(600_000)(ahead.schedules.reclaim({ names, afterMillis: 60_000 })), [])
    })
  )

  it.scopedLive("a signal that is committed after a later one is found", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const [one, other] = [yield* store({ ownClock: false }), yield* store({ ownClock: false })]
      yield* one.commit([write(started(1)), write(started(2))])
      const { last } = yield* other.signalled(-1)
      const sql = yield* SqlClient.SqlClient
      const marks = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* one.signal({ runId: id(1), name: "go", data: 1 })
          const apart = Effect.mapInputContext((context: Context.Context<never>) =>
            Context.omit(SqlClient.TransactionConnection)(context)
          )
          yield* apart(other.signal({ runId: id(2), name: "go", data: 2 }))
          return yield* apart(other.signalled(last))
        })
      )
      assert.deepStrictEqual(marks.runIds, [id(2)])
      assert.include((yield* other.signalled(marks.last)).runIds, id(1))
    }).pipe(Effect.provide(database))
  )

  it.scoped("a firing, a key and a version of a session belong to one of the processes that ask at the same time", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const stores = yield* Effect.replicateEffect(store(), 4)
      const [first] = stores
      yield* first?.schedules.register({ name: "daily", cron: "c", nextAt: 5 }) ?? Effect.void
      const all = <A, E>(ask: (store: Store, n: number) => Effect.Effect<A, E>) =>
        Effect.all(stores.map(ask), { concurrency: "unbounded" })
      const claims = yield* all(({ schedules }, n) =>
        schedules.claim({
          ...{ name: "daily", cron: "c", expected: 5, nextAt: 10, overlap: true },
          firings: [{ dueAt: 5, runId: id(n + 1) }]
        })
      )
      assert.lengthOf(claims.flat(), 1)
      const keys = yield* all(({ claim }, n) => claim({ key: "k", digest: "d", runId: id(n + 1) }))
      assert.lengthOf(keys.filter(Option.isNone), 1)
      const states = yield* all(({ sessions }) =>
        sessions.write({ session: "s", name: "n", text: "1", version: 0, ttlMillis: undefined })
      )
      assert.lengthOf(states.filter(Option.isSome), 1)
    })
  )

  it.scoped("a cancellation reaches the process of the run, and the totals are those of all", () =>
    Effect.gen(function* () {
      const store = yield* deployment
      const [one, other] = [yield* store(), yield* store()]
      yield* one.commit([write(started(1))])
      yield* other.commit([write(run(2)), write(run(7))])
      yield* other.cancel(id(1))
      assert.deepStrictEqual([yield* one.cancelled, yield* other.cancelled], [[id(1)], []])
      assert.deepInclude({ ...(yield* one.counts) }, { running: 1, succeeded: 2 })
      assert.strictEqual(yield* one.lastIndex, 7)
    })
  )
})

const shifted = (millis: number): Clock.Clock => {
  const clock = Clock.make()
  const millisNow = () => clock.unsafeCurrentTimeMillis() + millis
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millisNow,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.sync(millisNow),
    currentTimeNanos: clock.currentTimeNanos,
    sleep: clock.sleep
  }
}
