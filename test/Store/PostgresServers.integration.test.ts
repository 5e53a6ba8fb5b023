import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted, Schedule, TestClock } from "effect"
import { Ids } from "effect-deployers"
import {
  DeploymentStore,
  EventStore,
  layerPg,
  Postgres,
  RegistrySchema,
  SecretBox,
  SnapshotStore
} from "effect-deployers/Store"
import { deploymentId, draft, holder, id, inserted, running } from "../../src/Conformance/StoreSuite/Fixtures.js"
import * as FullDisk from "../FullDisk.js"
import { newDatabases, onDatabase, privateServer, throughPooler } from "./Postgres.js"

const newDatabase = newDatabases()

const registryAt = (url: string, further: Partial<Postgres.PostgresConfig> = {}) =>
  Layer.fresh(layerPg({ url: Redacted.make(url), ...further })).pipe(
    Layer.provide(SecretBox.layerTest),
    Layer.provide(Ids.layer)
  )

const failureOf = (config: Postgres.PostgresConfig) =>
  Effect.flip(Effect.scoped(Layer.build(Postgres.layer(RegistrySchema.schema, config))))

const names = Effect.flatMap(DeploymentStore.DeploymentStore, (store) =>
  Effect.map(store.list(), (found) => found.map(({ deployment }) => String(deployment.name)))
)

describe("behind PgBouncer in transaction mode", () => {
  it.scopedLive("P04: registries in two schemas of one database share a connection, and never see each other", () =>
    Effect.gen(function* () {
      const url = yield* throughPooler(yield* newDatabase)
      const life = (n: number, schema: string) =>
        Effect.gen(function* () {
          for (let turn = 0; turn < 3; turn++) yield* inserted(10 * n + turn, `${schema}-${turn}`)
          const { lease, store } = yield* running(n)
          yield* store.renew(lease, "1 minute")
          assert.lengthOf(yield* store.leases, 1)
          return yield* names
        }).pipe(Effect.provide(registryAt(url, { schema, maxConnections: 3 })))
      const [one, two] = yield* Effect.all([life(1, "one"), life(2, "two")], { concurrency: 2 })
      assert.deepStrictEqual(one, ["one-0", "one-1", "one-2", "weather-1"])
      assert.deepStrictEqual(two, ["two-0", "two-1", "two-2", "weather-2"])
    })
  )

  it.scopedLive("P04: writers of one deployment are fenced as without it", () =>
    Effect.gen(function* () {
      const url = yield* throughPooler(yield* newDatabase)
      yield* Effect.gen(function* () {
        const { id: deployment, lease, name, store } = yield* running(1)
        yield* store.release(lease)
        const asked = Array.from({ length: 6 }, (_, n) =>
          Effect.either(store.acquire(deployment, { name, holder: `rival-${n}`, ttl: "1 minute" }))
        )
        const answers = yield* Effect.all(asked, { concurrency: "unbounded" })
        assert.lengthOf(
          answers.filter(({ _tag }) => _tag === "Right"),
          1
        )
      }).pipe(Effect.provide(registryAt(url, { maxConnections: 6 })))
    })
  )
})

describe("clocks that differ", () => {
  it.scoped("P10: do not matter: leases end by the clock of the database", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      yield* Effect.gen(function* () {
        const { id: deployment, name, store } = yield* inserted(1)
        yield* store.acquire(deployment, { name, holder, ttl: "10 minutes" })
        const [row] = yield* Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql<{ left: number }>`SELECT expires_at - EXTRACT(EPOCH FROM now()) * 1000 AS left FROM leases`
        ).pipe(Effect.provide(Postgres.layer(RegistrySchema.schema, { url: Redacted.make(url) })))
        assert.isAtMost(Number(row?.left), 600_000)
        assert.isAbove(Number(row?.left), 0)
        yield* TestClock.adjust("1 day")
        const busy = yield* Effect.flip(store.acquire(deployment, { name, holder: "rival", ttl: "1 minute" }))
        assert.strictEqual(busy._tag, "DeploymentBusy")
        assert.lengthOf(yield* store.leases, 1)
        yield* store.acquire(deployment, { name, holder, ttl: "0 millis" })
        assert.strictEqual(
          (yield* store.acquire(deployment, { name, holder: "rival", ttl: "1 minute" })).holder,
          "rival"
        )
      }).pipe(Effect.provide(registryAt(url)))
    })
  )
})

/** Tries again while the server restarts or changes its role. */
const patiently = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, {
    while: ({ _tag }) => _tag === "StoreError",
    schedule: Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(600))
  })

describe("a server that only reads", () => {
  it.scopedLive("P07: is a typed failure, and writes again when it may, without a new registry", () =>
    Effect.gen(function* () {
      const server = yield* privateServer()
      yield* Effect.gen(function* () {
        const { id: deployment, name, store } = yield* inserted(1)
        const write = store.acquire(deployment, { name, holder, ttl: "1 minute" })
        yield* write
        yield* Effect.promise(() => server.end("SIGINT"))
        const { gid, uid } = statSync(server.data)
        writeFileSync(join(server.data, "standby.signal"), "")
        chownSync(join(server.data, "standby.signal"), uid, gid)
        yield* Effect.promise(() => server.restart())
        assert.deepStrictEqual(yield* patiently(names), ["weather-1"])
        const refused = yield* Effect.flip(write)
        assert.deepInclude({ ...refused }, { _tag: "StoreError", reason: "readonly" })
        assert.include(refused.message, "as a standby does")
        yield* onDatabase(server.url, "SELECT pg_promote()")
        assert.strictEqual((yield* patiently(write)).holder, holder)
      }).pipe(Effect.provide(registryAt(server.url)))
    })
  )
})

const password = "p@ss:/%?#"

/** The certificate of a server named `localhost`, and that of its authority. */
const certificates = () => {
  const folder = mkdtempSync(join(tmpdir(), "effect-deployers-tls-"))
  const openssl = (...args: ReadonlyArray<string>) => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" })
    assert.strictEqual(status, 0, stderr)
  }
  try {
    const key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]
    openssl("req", "-x509", ...key, "-subj", "/CN=An authority", "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", ...key.slice(0, 3), "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost")
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2"]
    openssl("x509", "-req", "-in", "server.csr", ...signed, "-out", "server.crt")
    const read = (name: string) => readFileSync(join(folder, name), "utf8")
    return { ca: read("ca.crt"), files: { "server.crt": read("server.crt"), "server.key": read("server.key") } }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe("TLS", () => {
  it.scopedLive("P11: with an own authority and a password of special characters, by URL and by settings", () =>
    Effect.gen(function* () {
      const { ca, files } = certificates()
      const hba = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256"
      const server = yield* privateServer({ files, hba, settings: ["ssl=on"] })
      const bySocket = `postgres://${server.user}@localhost:${server.port}/postgres?host=${encodeURIComponent(server.host)}`
      yield* onDatabase(bySocket, `CREATE ROLE app LOGIN PASSWORD '${password}'`, "CREATE DATABASE app OWNER app")
      const url = (host: string, query: string, secret = password) =>
        Redacted.make(`postgres://app:${encodeURIComponent(secret)}@${host}:${server.port}/app?${query}`)
      const parts = { port: server.port, database: "app", username: "app", password: Redacted.make(password) }
      const works = [
        { url: url("localhost", "sslmode=verify-full"), tls: { ca } },
        { url: url("127.0.0.1", "sslmode=require") },
        { ...parts, host: "localhost", tls: { ca } },
        { ...parts, host: "127.0.0.1", tls: { ca, serverName: "localhost" } },
        { ...parts, host: "127.0.0.1", tls: { ca, verify: "ca" } },
        { ...parts, host: "127.0.0.1", tls: { verify: "none" } }
      ] as const
      for (const config of works) {
        const [row] = yield* Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql<{ ssl: boolean; role: string }>`SELECT ssl, current_user AS role FROM pg_stat_ssl
            WHERE pid = pg_backend_pid()`
        ).pipe(Effect.provide(Postgres.layer(RegistrySchema.schema, config)))
        assert.deepStrictEqual({ ...row }, { ssl: true, role: "app" })
      }
      const fails = [
        [{ url: url("localhost", "sslmode=verify-full") }, "untrusted"],
        [{ ...parts, host: "localhost", tls: true }, "untrusted"],
        [{ ...parts, host: "127.0.0.1", tls: { ca } }, "untrusted"],
        [{ url: url("localhost", "sslmode=disable") }, "denied"],
        [{ url: url("localhost", "sslmode=require", "wrong") }, "denied"]
      ] as const
      for (const [config, reason] of fails) {
        const error = yield* failureOf(config)
        assert.strictEqual(error.reason, reason)
        assert.notInclude(inspect([error, error.message], { depth: 9 }), "p@ss")
      }
    })
  )
})

describe.runIf(FullDisk.canMount)("a server whose disk is full", () => {
  it.scopedLive(
    "P15: is a typed failure, loses nothing that was acknowledged, and writes again when there is room",
    () =>
      Effect.gen(function* () {
        const disk = yield* FullDisk.make(24 * 1_048_576)
        chmodSync(disk.folder, 0o711)
        const server = yield* privateServer()
        const { gid, uid } = statSync(server.data)
        mkdirSync(join(disk.folder, "space"))
        chownSync(join(disk.folder, "space"), uid, gid)
        yield* onDatabase(server.url, `CREATE TABLESPACE small LOCATION '${join(disk.folder, "space")}'`)
        yield* onDatabase(server.url, "CREATE DATABASE small TABLESPACE small")
        const url = new URL(server.url)
        url.pathname = "/small"
        yield* Effect.gen(function* () {
          const { name } = yield* inserted(1)
          const { append, list } = yield* EventStore.EventStore
          yield* disk.fill
          let acknowledged = 0
          const event = {
            deploymentId: deploymentId(1),
            deploymentName: name,
            operationId: id(1),
            operation: "provision" as const,
            type: "lease_acquired" as const,
            at: DateTime.unsafeMake(1_000),
            data: { text: "x".repeat(4_000).replace(/x/g, () => Math.random().toString(36)) }
          }
          const appended = Effect.tap(append(event), () =>
            Effect.sync(() => {
              acknowledged++
            })
          )
          const full = yield* Effect.flip(Effect.forever(appended))
          assert.deepInclude({ ...full }, { _tag: "StoreError", reason: "full" })
          assert.include(full.message, "the disk of the database server is full")
          yield* disk.free
          yield* patiently(appended)
          assert.lengthOf(yield* list({ limit: 100_000 }), acknowledged)
          yield* Effect.flatMap(SnapshotStore.SnapshotStore, ({ put }) => put(draft("weather", "b".repeat(64))))
        }).pipe(Effect.provide(registryAt(url.toString())))
        // A file system with the files of a running server cannot be unmounted.
        yield* Effect.promise(() => server.end("SIGINT"))
      })
  )
})
