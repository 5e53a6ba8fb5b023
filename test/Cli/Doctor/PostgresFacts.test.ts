import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer, Option } from "effect"
import { registry } from "../../../src/Cli/Doctor/RegistryFacts.js"
import * as Processes from "../../../src/Local/Processes.js"
import * as Home from "../../../src/Store/Home.js"
import { newDatabases } from "../../Store/Postgres.js"

const newDatabase = newDatabases()

const factsAt = (url: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped()
    yield* fs.writeFileString(`${home}/registry.url`, `${url}\n`, { mode: 0o600 })
    return yield* Effect.provide(registry, Layer.merge(Home.layer(home), Processes.layer))
  })

describe("the facts of a registry on PostgreSQL", () => {
  it.scoped("name the database, and whether it can be written", () =>
    Effect.gen(function* () {
      const url = new URL(yield* newDatabase)
      const { content, server } = yield* factsAt(url.toString())
      assert.deepStrictEqual(
        Either.map(content, (found) => Option.map(found, ({ deployments }) => deployments)),
        Either.right(Option.some([]))
      )
      assert.include(server, { place: `${url.host}${url.pathname}`, isWritable: true, isPrivate: true })
      assert.match(server?.version ?? "", /^\d+/)
      url.searchParams.set("application_name", "doctor")
      url.port = "1"
      const missing = yield* factsAt(url.toString())
      assert.isUndefined(missing.server)
      assert.isTrue(Either.isLeft(missing.content))
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
