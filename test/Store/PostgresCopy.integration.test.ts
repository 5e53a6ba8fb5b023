import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Option, Redacted } from "effect"
import { Home, Ids } from "effect-deployers"
import { BuildStore, DeploymentStore, EventStore, Registry, SecretStore, SnapshotStore } from "effect-deployers/Store"
import { deploymentId, draft, holder, id, running, state } from "../../src/Conformance/StoreSuite/Fixtures.js"
import { HomeBinding } from "../../src/Store/HomeBinding.js"
import { RegistryCopy } from "../../src/Store/Registry/RegistryCopy.js"
import * as SqlRegistryCopy from "../../src/Store/Registry/SqlRegistryCopy.js"
import { newDatabases, onDatabase } from "./Postgres.js"

const newDatabase = newDatabases()

const temporaryHome = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  return `${yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-copy-" }))}/home`
})

const inHome = (root: string) =>
  Registry.layerHome.pipe(
    Layer.provideMerge(SqlRegistryCopy.layer),
    Layer.provide(Layer.merge(Home.layer(root), Ids.layer))
  )

/** A registry with rows in every table, more than one batch of them in one. */
const filled = Effect.gen(function* () {
  // The first secret makes the key of the home.
  yield* Effect.flatMap(SecretStore.SecretStore, ({ set }) => set("KEY", Redacted.make("geheim")))
  const { lease, name, snapshot, store } = yield* running(1)
  const again = yield* store.begin(lease, { id: id(9), kind: "provision", snapshotId: snapshot.id, settings: {} })
  yield* store.abort(lease, again, 'it said: "no", Zürich 🙂')
  yield* store.release(lease)
  const gone = yield* running(2)
  yield* store.remove(gone.lease)
  yield* Effect.flatMap(BuildStore.BuildStore, ({ put }) => put({ snapshotId: snapshot.id, checksum: "c", image: "i" }))
  const events = yield* EventStore.EventStore
  const event = {
    deploymentId: deploymentId(1),
    deploymentName: name,
    operationId: id(9),
    operation: "provision" as const,
    type: "lease_acquired" as const,
    at: DateTime.unsafeMake(1_000),
    data: {}
  }
  yield* Effect.forEach(Array.from({ length: 600 }), () => events.append(event), { discard: true })
  return lease
})

/** Everything that the stores show. */
const content = Effect.gen(function* () {
  const store = yield* DeploymentStore.DeploymentStore
  const events = yield* EventStore.EventStore
  const snapshots = yield* Effect.flatMap(SnapshotStore.SnapshotStore, ({ list }) => list())
  return {
    identity: yield* store.identity,
    deployments: yield* store.list(),
    revisions: yield* store.revisions(deploymentId(1)),
    tombstones: yield* store.tombstones,
    snapshots,
    builds: yield* Effect.flatMap(BuildStore.BuildStore, ({ list }) => list(snapshots[0]?.id ?? "")),
    events: yield* events.list({ limit: 10_000 }),
    secret: Option.map(yield* Effect.flatMap(SecretStore.SecretStore, ({ get }) => get("KEY")), Redacted.value)
  }
})

describe("a copy of a registry to PostgreSQL", () => {
  it.scopedLive("has every row, continues every sequence, and the home uses it", () =>
    Effect.gen(function* () {
      const home = yield* temporaryHome
      const url = Redacted.make(yield* newDatabase)
      const before = yield* Effect.gen(function* () {
        const last = yield* filled
        const copier = yield* RegistryCopy
        const tables = yield* copier.copyTo(url)
        assert.deepInclude(tables, { deployments: 1, events: 600, secrets: 1, builds: 1, tombstones: 1, leases: 0 })
        assert.strictEqual(yield* copier.use(url), `${home}/registry.url`)
        return { last, seen: yield* content }
      }).pipe(Effect.provide(inHome(home)))
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual((yield* fs.stat(`${home}/registry.url`)).mode & 0o777, 0o600)
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* content, before.seen)
        const store = yield* DeploymentStore.DeploymentStore
        assert.strictEqual((yield* HomeBinding).localName, undefined)
        const lease = yield* store.acquire(deploymentId(1), { name: "weather-1", holder, ttl: "1 minute" })
        assert.isAbove(lease.token, before.last.token)
        const restore = yield* store.begin(lease, { id: id(20), kind: "restore" })
        yield* store.restored(lease, restore, state("running"))
        yield* Effect.flatMap(SnapshotStore.SnapshotStore, ({ put }) => put(draft("weather", "b".repeat(64))))
        const again = yield* Effect.flip(Effect.flatMap(RegistryCopy, ({ copyTo }) => copyTo(url)))
        assert.include(again.message, "on PostgreSQL already")
      }).pipe(Effect.provide(inHome(home)))
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("is refused by a database with rows, and while an operation is in progress", () =>
    Effect.gen(function* () {
      const home = yield* temporaryHome
      const url = yield* newDatabase
      yield* Effect.gen(function* () {
        const { copyTo } = yield* RegistryCopy
        const { lease, store } = yield* running(1)
        const busy = yield* Effect.flip(copyTo(Redacted.make(url)))
        assert.include(busy.message, "is changing a deployment")
        yield* store.release(lease)
        yield* onDatabase(url, "INSERT INTO pipelines (name, last_version) VALUES ('p', 1)")
        const taken = yield* Effect.flip(copyTo(Redacted.make(url)))
        assert.deepInclude({ ...taken }, { _tag: "StoreError", reason: "foreign" })
        assert.include(taken.message, "its table pipelines has 1 rows")
      }).pipe(Effect.provide(inHome(home)))
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("that fails in the middle leaves nothing", () =>
    Effect.gen(function* () {
      const home = yield* temporaryHome
      const url = yield* newDatabase
      yield* Effect.gen(function* () {
        const { copyTo } = yield* RegistryCopy
        yield* filled
        yield* Effect.flip(copyTo(Redacted.make(url.replace(/\w+$/, "no_such_database"))))
        // The tables are made by the first attempt, which the trigger then fails.
        yield* Effect.scoped(Layer.build(Registry.layerPg({ url: Redacted.make(url) }))).pipe(
          Effect.provide(inHome(home)),
          Effect.provide(Ids.layer)
        )
        yield* onDatabase(
          url,
          "DELETE FROM meta",
          `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`,
          "CREATE TRIGGER refuse BEFORE INSERT ON tombstones FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        assert.strictEqual((yield* Effect.flip(copyTo(Redacted.make(url))))._tag, "StoreError")
        yield* onDatabase(url, "DROP TRIGGER refuse ON tombstones")
        assert.deepInclude(yield* copyTo(Redacted.make(url)), { events: 600 })
      }).pipe(Effect.provide(inHome(home)))
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

describe("the file with the URL of a registry", () => {
  const failureIn = (root: string, registryFile?: string) =>
    Effect.flip(
      Effect.scoped(
        Layer.build(Layer.provide(Registry.layerHome, Layer.merge(Home.layer(root, { registryFile }), Ids.layer)))
      )
    )

  it.scopedLive("has to be its owner's, and to have a URL; the message says the remedy and no secret", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* temporaryHome
      const file = `${home}/registry.url`
      yield* fs.makeDirectory(home, { recursive: true })
      yield* fs.writeFileString(file, "postgres://a:hidden@127.0.0.1:1/x\n", { mode: 0o644 })
      const open = yield* failureIn(home)
      assert.include(open.message, `chmod 600 ${file}`)
      yield* fs.chmod(file, 0o600)
      const unreachable = yield* failureIn(home)
      assert.strictEqual(unreachable.reason, "unreachable")
      assert.notInclude(JSON.stringify([open, open.message, unreachable, unreachable.message]), "hidden")
      yield* fs.writeFileString(file, "\n")
      assert.include((yield* failureIn(home)).message, "the file is empty")
      const missing = yield* failureIn(home, `${home}/elsewhere`)
      assert.include(missing.message, "DEPLOYERS_REGISTRY_FILE")
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("leads several homes to one registry, whose local deployers have different names", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/url`
      yield* fs.writeFileString(file, `${yield* newDatabase}\n`, { mode: 0o600 })
      const homes = [yield* temporaryHome, yield* temporaryHome]
      const names = yield* Effect.forEach(homes, (root) =>
        Effect.gen(function* () {
          const { localName } = yield* HomeBinding
          return [
            localName,
            yield* Effect.flatMap(DeploymentStore.DeploymentStore, ({ identity }) => identity)
          ] as const
        }).pipe(
          Effect.provide(
            Layer.provide(Registry.layerHome, Layer.merge(Home.layer(root, { registryFile: file }), Ids.layer))
          )
        )
      )
      assert.strictEqual(names[0]?.[0], undefined)
      assert.match(names[1]?.[0] ?? "", /^local@.+:\/.+\/home$/)
      assert.strictEqual(names[0]?.[1], names[1]?.[1])
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
