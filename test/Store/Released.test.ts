import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Option } from "effect"
import { Ids } from "effect-deployers"
import { DeploymentId } from "../../src/Deployment.js"
import * as Sqlite from "../../src/Store/Database/Sqlite.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { schema } from "../../src/Store/Registry/RegistrySchema.js"
import * as SecretBox from "../../src/Store/Registry/SecretBox.js"
import * as Registry from "../../src/Store/Registry.js"
import { folder, open } from "./support.js"

const ids = {
  deployment: "00000000-0000-7000-8000-0000000000a1",
  registry: "00000000-0000-7000-8000-0000000000f1",
  snapshot: "00000000-0000-7000-8000-0000000000b1"
}

/** The content of a registry with the first schema. */
const first = [
  `INSERT INTO meta VALUES ('registryId', '${ids.registry}')`,
  "INSERT INTO pipelines VALUES ('weather', 1)",
  `INSERT INTO snapshots VALUES ('${ids.snapshot}', 'weather', 1, 'digest', '{"name":"weather","input":{"type":"object"},"output":{"type":"object"},"serving":{}}', '{}', '{"digest":"d","externals":[]}', '{"file":"weather.ts","export":"weather"}', 1000)`,
  `INSERT INTO deployments VALUES ('${ids.deployment}', 'weather', 'running', 'http://127.0.0.1:1', 1, 'local', 'local', '${ids.snapshot}', '{}', '{"timeoutMillis":5}', NULL, NULL, 'running', NULL, NULL, 1000, 2000)`,
  `INSERT INTO revisions VALUES ('${ids.deployment}', 1, '${ids.snapshot}', '{}', 'accepted', NULL, 1000, 2000)`
]

describe("a registry of the first schema", () => {
  it.scoped("opens, keeps what is in it, gets what is new, and leaves a copy of itself", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/registry.db`
      const old = { ...schema, migrations: schema.migrations.slice(0, 1) }
      yield* Effect.scoped(
        Effect.flatMap(open(Sqlite.layer({ schema: old, path })), (sql) =>
          Effect.forEach(first, (statement) => sql.unsafe(statement))
        )
      )
      yield* Effect.gen(function* () {
        const store = yield* DeploymentStore
        assert.strictEqual(store.registryId, ids.registry)
        const record = Option.getOrThrow(yield* store.find("weather"))
        assert.deepInclude(
          { ...record.deployment },
          { id: DeploymentId.make(ids.deployment), generation: 1, status: "running" }
        )
        assert.strictEqual(DateTime.toEpochMillis(record.statusSince), 2_000)
        const [revision] = yield* store.revisions(record.deployment.id)
        assert.deepInclude({ ...revision }, { generation: 1, outcome: "accepted", by: "" })
        assert.deepStrictEqual(yield* store.tombstones, [])
      }).pipe(Effect.provide(Registry.layer(path)), Effect.provide(Layer.merge(SecretBox.layerTest, Ids.layerTest)))
      const fs = yield* FileSystem.FileSystem
      assert.include(yield* fs.readDirectory(root), "registry.db.schema-1")
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
