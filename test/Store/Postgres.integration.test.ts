import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Either, Fiber, Layer, Redacted, Schedule } from "effect"
import { Ids } from "effect-deployers"
import { current, holder, id, running, state } from "../../src/Conformance/StoreSuite/Fixtures.js"
import * as StoreSuite from "../../src/Conformance/StoreSuite.js"
import { LeaseClock } from "../../src/Store/Database/Dialect.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import * as Postgres from "../../src/Store/Postgres.js"
import { schema } from "../../src/Store/Registry/RegistrySchema.js"
import * as SecretBox from "../../src/Store/Registry/SecretBox.js"
import * as Registry from "../../src/Store/Registry.js"
import { newDatabases } from "./Postgres.js"

const newDatabase = newDatabases()

/** The connections of the pool of these tests. */
const poolSize = 4

const database = Layer.unwrapEffect(
  Effect.map(newDatabase, (url) => Postgres.layer(schema, { url: Redacted.make(url), maxConnections: poolSize }))
)

/** Leases end by the clock of the tests. */
const registry = Layer.fresh(Registry.layerSql).pipe(
  Layer.provideMerge(SecretBox.layerTest),
  Layer.provide(Layer.succeed(LeaseClock, "process")),
  Layer.provideMerge(database),
  Layer.provide(Ids.layer)
)

StoreSuite.registry("PostgreSQL", registry)

const rival = "host-b/2"
const deployment = id(1)

/** A deployment with an operation in progress, under a lease that has expired. */
const expired = Effect.gen(function* () {
  const { name, snapshot, store, ...made } = yield* running(1)
  const lease = yield* store.acquire(made.id, { name, holder, ttl: "0 millis" })
  const operation = yield* store.begin(lease, { id: id(9), kind: "provision", snapshotId: snapshot.id, settings: {} })
  const change = { snapshot, settings: { x: 1 }, state: state("error"), authKey: undefined }
  const provision = { id: id(10), kind: "provision", snapshotId: snapshot.id, settings: {} } as const
  const writes = {
    begin: store.begin(lease, provision),
    commit: store.commit(lease, operation, change),
    finish: store.finish(lease, operation),
    abort: store.abort(lease, operation, "too late"),
    stopped: store.stopped(lease, operation),
    restored: store.restored(lease, operation, state("error")),
    setAuthKey: store.setAuthKey(lease, undefined),
    setIntake: store.setIntake(lease, undefined),
    remove: store.remove(lease)
  }
  return { name, store, writes, deploymentId: made.id }
})

/** Holds the rows of the deployment, so that a write to them waits in the middle of its transaction. */
const holdingRows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const held = yield* Deferred.make<void>()
  const mayEnd = yield* Deferred.make<void>()
  const holding = yield* Effect.fork(
    sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`SELECT 1 FROM operations WHERE deployment_id = ${deployment} FOR UPDATE`
        yield* sql`SELECT 1 FROM revisions WHERE deployment_id = ${deployment} FOR UPDATE`
        yield* sql`SELECT 1 FROM deployments WHERE id = ${deployment} FOR UPDATE`
        yield* Deferred.succeed(held, undefined)
        yield* Deferred.await(mayEnd)
      })
    )
  )
  yield* Effect.raceFirst(Deferred.await(held), Fiber.join(holding))
  return Effect.zipRight(Deferred.succeed(mayEnd, undefined), Fiber.join(holding))
})

/** Waits until a transaction waits for a lock. */
const isWaiting = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`.pipe(
    Effect.repeat({ until: (rows) => rows.length > 0, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutFail({ duration: "1 minute", onTimeout: () => new Error("no transaction waits for a lock") })
  )
)

const records = (name: string) =>
  Effect.gen(function* () {
    const store = yield* DeploymentStore
    const { deployment } = yield* current(name)
    return [yield* current(name), yield* store.openOperations, yield* store.revisions(deployment.id)]
  })

describe("a write in progress while its lease is taken over", () => {
  const names = [
    "begin",
    "commit",
    "finish",
    "abort",
    "stopped",
    "restored",
    "setAuthKey",
    "setIntake",
    "remove"
  ] as const
  it.scopedLive.each(names)("D22: is rejected and changes nothing: %s", (write) =>
    Effect.gen(function* () {
      const { deploymentId, name, store, writes } = yield* expired
      const before = yield* records(name)
      const release = yield* holdingRows
      const writing = yield* Effect.fork(Effect.flip(Effect.asVoid(writes[write])))
      yield* isWaiting
      const lease = yield* store.acquire(deploymentId, { name, holder: rival, ttl: "1 minute" })
      yield* release
      assert.strictEqual((yield* Fiber.join(writing))._tag, "LeaseLost")
      assert.deepStrictEqual(yield* records(name), before)
      yield* store.remove(lease)
    }).pipe(Effect.provide(registry))
  )

  it.scopedLive("counts when it ends before the takeover", () =>
    Effect.gen(function* () {
      const { deploymentId, name, store, writes } = yield* expired
      const { deployment } = yield* writes.commit
      assert.strictEqual(deployment.generation, 2)
      yield* store.acquire(deploymentId, { name, holder: rival, ttl: "1 minute" })
      assert.strictEqual((yield* current(name)).deployment.generation, 2)
    }).pipe(Effect.provide(registry))
  )
})

/** Makes every commit that changed a deployment wait for a lock, and holds the lock until the returned effect. */
const holdingCommits = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql.unsafe(`CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$`)
  yield* sql.unsafe(`CREATE CONSTRAINT TRIGGER waiting AFTER UPDATE ON deployments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit()`)
  const held = yield* Deferred.make<void>()
  const mayEnd = yield* Deferred.make<void>()
  const holding = yield* Effect.fork(
    sql.withTransaction(
      Effect.zipRight(
        sql`SELECT pg_advisory_xact_lock(42)`,
        Effect.zipRight(Deferred.succeed(held, undefined), Deferred.await(mayEnd))
      )
    )
  )
  yield* Effect.raceFirst(Deferred.await(held), Fiber.join(holding))
  return Effect.zipRight(Deferred.succeed(mayEnd, undefined), Fiber.join(holding))
})

const endWaiting = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`
)

describe("a connection that breaks", () => {
  it.scopedLive("D21 P05: during a commit that has no effect is made good, once", () =>
    Effect.gen(function* () {
      const { deploymentId, name, store, writes } = yield* expired
      const release = yield* holdingCommits
      const writing = yield* Effect.fork(writes.commit)
      yield* isWaiting
      yield* endWaiting
      yield* release
      assert.strictEqual((yield* Fiber.join(writing)).deployment.generation, 2)
      assert.strictEqual((yield* current(name)).deployment.generation, 2)
      assert.lengthOf(yield* store.openOperations, 1)
      yield* writes.finish
      assert.deepStrictEqual(yield* store.openOperations, [])
      const outcomes = (yield* store.revisions(deploymentId)).map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, ["accepted", "accepted"])
    }).pipe(Effect.provide(registry))
  )
})

describe("leases that several processes ask for at the same time", () => {
  it.scopedLive("D22: are given to one of them, and the others learn its name", () =>
    Effect.gen(function* () {
      const { deploymentId, name, store } = yield* expired
      const asked = Array.from({ length: 4 }, (_, n) =>
        Effect.either(store.acquire(deploymentId, { name, holder: `rival-${n}`, ttl: "1 minute" }))
      )
      const answers = yield* Effect.all(asked, { concurrency: "unbounded" })
      const [winner, ...further] = answers.filter(Either.isRight)
      assert.deepStrictEqual(further, [])
      for (const lost of answers.filter(Either.isLeft)) {
        assert.deepInclude({ ...lost.left }, { _tag: "DeploymentBusy", holder: winner?.right.holder ?? "" })
      }
    }).pipe(Effect.provide(registry))
  )
})

describe("a pool of connections", () => {
  it.scopedLive("D22: that has no free one makes others wait, and loses none of their work", () =>
    Effect.gen(function* () {
      const { deploymentId, name, store } = yield* expired
      const sql = yield* SqlClient.SqlClient
      const mayEnd = yield* Deferred.make<void>()
      const holders = yield* Effect.forEach(Array.from({ length: poolSize }), () =>
        Effect.gen(function* () {
          const held = yield* Deferred.make<void>()
          const holding = yield* Effect.fork(
            sql.withTransaction(Effect.zipRight(Deferred.succeed(held, undefined), Deferred.await(mayEnd)))
          )
          yield* Effect.raceFirst(Deferred.await(held), Fiber.join(holding))
          return holding
        })
      )
      const reading = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 12 }, () => current(name)),
          { concurrency: "unbounded" }
        )
      )
      const writing = yield* Effect.fork(store.acquire(deploymentId, { name, holder: rival, ttl: "1 minute" }))
      yield* Effect.yieldNow()
      yield* Deferred.succeed(mayEnd, undefined)
      yield* Effect.forEach(holders, Fiber.join)
      for (const { deployment } of yield* Fiber.join(reading)) assert.strictEqual(deployment.id, deploymentId)
      assert.strictEqual((yield* Fiber.join(writing)).holder, rival)
    }).pipe(Effect.provide(registry))
  )

  it.scopedLive("D22: that a restart of the server ends connects again, with a typed failure at most", () =>
    Effect.gen(function* () {
      const { name, store, writes } = yield* expired
      const sql = yield* SqlClient.SqlClient
      const before = yield* records(name)
      yield* Effect.ignore(
        sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()`
      )
      const after = yield* Effect.retry(records(name), {
        while: ({ _tag }) => _tag === "StoreError",
        schedule: Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(500))
      })
      assert.deepStrictEqual(after, before)
      yield* writes.commit
      yield* writes.finish
      assert.deepStrictEqual(yield* store.openOperations, [])
    }).pipe(Effect.provide(registry))
  )
})
