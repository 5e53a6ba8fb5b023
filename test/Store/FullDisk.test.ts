import { rmSync, statSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import * as Fixtures from "../../src/Conformance/StoreSuite/Fixtures.js"
import * as Access from "../../src/Store/Database/Access.js"
import * as Sqlite from "../../src/Store/Database/Sqlite.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import * as Home from "../../src/Store/Home.js"
import * as Ids from "../../src/Store/Ids.js"
import * as Registry from "../../src/Store/Registry.js"
import { RunStore } from "../../src/Store/RunStore.js"
import * as Runs from "../../src/Store/Runs.js"
import * as FullDisk from "../FullDisk.js"
import { schema } from "./support.js"

const megabyte = 1_048_576

const registry = (root: string) => Registry.layerHome.pipe(Layer.provide([Home.layer(root), Ids.layer]))

/** A command opens the registry, and closes it. */
const command = <A, E, R>(root: string, use: Effect.Effect<A, E, R>) =>
  Effect.provide(use, Layer.fresh(registry(root))).pipe(Effect.scoped)

const find = Effect.flatMap(DeploymentStore, (store) => store.find("weather-1"))

const remove = Effect.gen(function* () {
  const store = yield* DeploymentStore
  const id = Fixtures.deploymentId(1)
  const lease = yield* store.acquire(id, { name: "weather-1", holder: "other", takeOverFrom: Fixtures.holder, ttl: 1 })
  yield* store.remove(lease)
})

describe.runIf(FullDisk.canMount)("a registry on a disk without a free byte", () => {
  const filled = Effect.gen(function* () {
    const disk = yield* FullDisk.make(4 * megabyte)
    const root = `${disk.folder}/home`
    yield* command(root, Fixtures.running(1))
    yield* disk.fill
    return { ...disk, root, reserve: `${root}/registry.db.reserve` }
  })

  it.scoped("lists and finds deployments, and keeps its reserve", () =>
    Effect.gen(function* () {
      const { reserve, root } = yield* filled
      const both = Effect.zip(
        Effect.flatMap(DeploymentStore, (store) => store.list()),
        find
      )
      const [listed, found] = yield* command(root, both)
      assert.strictEqual(listed.length, 1)
      assert.isTrue(Option.isSome(found))
      assert.strictEqual(statSync(reserve).size, megabyte)
    })
  )

  it.scoped("records an observation and deletes a deployment in the room of its reserve, and takes it again", () =>
    Effect.gen(function* () {
      const { free, reserve, root } = yield* filled
      const observe = Effect.flatMap(DeploymentStore, (store) =>
        store.observe(Fixtures.deploymentId(1), 1, Fixtures.state("error", { reason: "it is gone" }))
      )
      assert.strictEqual(Option.getOrThrow(yield* command(root, observe)).deployment.status, "error")
      yield* command(root, remove)
      assert.isTrue(Option.isNone(yield* command(root, find)))
      yield* free
      yield* command(root, find)
      assert.strictEqual(statSync(reserve).size, megabyte)
    })
  )

  it.scoped("reads without a reserve, and says that the disk is full when it writes", () =>
    Effect.gen(function* () {
      const { fill, free, reserve, root } = yield* filled
      yield* Effect.sync(() => rmSync(reserve))
      yield* fill
      const error = yield* command(root, Effect.zipRight(find, Effect.flip(remove)))
      assert.deepInclude({ ...error }, { _tag: "StoreError", reason: "full", path: `${root}/registry.db` })
      assert.include(error.message, "the disk that holds it is full")
      assert.isTrue(Option.isSome(yield* command(root, find)))
      yield* free
      yield* command(root, remove)
      assert.isTrue(Option.isNone(yield* command(root, find)))
    })
  )

  it.scoped("is not created, and the reason is the disk", () =>
    Effect.gen(function* () {
      const { folder, fill } = yield* FullDisk.make(megabyte)
      yield* fill
      const error = yield* Effect.flip(command(`${folder}/new`, find))
      assert.deepInclude({ ...error }, { _tag: "StoreError", reason: "full" })
    })
  )
})

describe.runIf(FullDisk.canMount)("a run store on a disk without a free byte", () => {
  it.scoped("F43: refuses the batch, reads the others, and stores again when there is room", () =>
    Effect.gen(function* () {
      const disk = yield* FullDisk.make(2 * megabyte)
      const store = yield* Effect.map(Layer.build(Runs.layerFile(`${disk.folder}/runs.db`)), (context) =>
        RunStore.pipe(Effect.provide(context))
      ).pipe(Effect.flatten)
      yield* store.commit([Fixtures.write(Fixtures.run(1, { status: "succeeded" }))])
      yield* disk.fill
      const large = Fixtures.run(2, { status: "succeeded", outputs: { text: "x".repeat(200_000) } })
      const error = yield* Effect.flip(store.commit([Fixtures.write(large)]))
      assert.deepInclude({ ...error }, { _tag: "StoreError", reason: "full" })
      assert.deepStrictEqual(
        (yield* store.list({ limit: 10 })).runs.map(({ id }) => id),
        [Fixtures.id(1)]
      )
      yield* disk.free
      yield* store.commit([Fixtures.write(large)])
      assert.strictEqual((yield* store.list({ limit: 10 })).runs.length, 2)
    })
  )
})

describe("a database that may grow no more", () => {
  it.scoped("gives its reserve up for the write that needs it, once", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(Sqlite.layerMemory(schema))
      const given: Array<string> = []
      const { sql, write } = yield* Effect.provide(
        Effect.flatMap(Access.Database, (database) =>
          Effect.provideService(Access.make("registry"), Access.Database, {
            ...database,
            reserve: { giveUp: () => given.push("room") === 1, take: () => {} }
          })
        ),
        context
      )
      yield* sql`PRAGMA max_page_count = 4`
      const add = write("x", sql`INSERT INTO notes (text) VALUES (${"x".repeat(100_000)})`)
      assert.strictEqual((yield* Effect.flip(add)).reason, "full")
      assert.strictEqual((yield* Effect.flip(add)).reason, "full")
      assert.strictEqual(given.length, 2)
    })
  )
})
