import { fileURLToPath } from "node:url"
import { Command, FileSystem, HttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { Client, Home, Snapshot } from "effect-deployers"
import { LocalDeployer } from "effect-deployers/Local"
import * as PostgresRuns from "../../src/Store/PostgresRuns.js"
import { RunStore } from "../../src/Store/RunStore.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { first as pipeline } from "../pipelines/paced.js"
import { newDatabases } from "../Store/Postgres.js"
import { layerEmbedded } from "./fixture.js"

const database = newDatabases()

const file = fileURLToPath(new URL("../pipelines/paced.ts", import.meta.url))

const password = "s3cr%40t%2Fword"

const withPassword = (url: string) => {
  const secret = new URL(url)
  secret.password = password
  return secret.toString()
}

const runsOf = (url: string, deployment: string) =>
  Effect.map(Layer.build(PostgresRuns.layer({ url: Redacted.make(url) }, { deployment, generation: 0 })), (context) =>
    Context.get(context, RunStore)
  )

const textsBelow = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = yield* fs.readDirectory(folder, { recursive: true })
    return yield* Effect.forEach(names, (name) =>
      Effect.map(
        Effect.orElseSucceed(fs.readFileString(`${folder}/${name}`), () => ""),
        (text) => [name, text] as const
      )
    )
  })

layer(layerEmbedded, { excludeTestServices: true, timeout: "2 minutes" })("A local deployment", (it) => {
  it.scoped("keeps its runs in a database of PostgreSQL, in each worker and version, and its URL to itself", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const deployer = yield* LocalDeployer.LocalDeployer
      const secrets = yield* SecretStore
      const url = yield* database
      yield* secrets.set("RUNS_URL", Redacted.make(withPassword(url)))
      const serving = { runStoreSecret: "RUNS_URL", workers: 2 }
      const settings = { auth: { _tag: "none" } as const, minHealthyMillis: 50, oldInstanceGraceMillis: 100, serving }
      const provision = (name: string, part: string) =>
        Effect.flatMap(Snapshot.fromFile(`${file}#${part}`, { settings: { serving } }), (snapshot) =>
          deployer.provision(snapshot, { name, settings })
        )
      const made = yield* provision("shared", "first")
      const other = yield* provision("apart", "first")
      const client = Client.make(pipeline, "shared")
      const invoke = (number: number) => client.invoke({ number, millis: 1 })
      yield* Effect.forEach([1, 2, 3, 4, 5, 6], invoke, { concurrency: 3 })
      const again = yield* provision("shared", "second")
      assert.strictEqual(again.generation, 2)
      yield* invoke(7)

      const store = yield* runsOf(url, made.id)
      assert.deepInclude({ ...(yield* store.counts) }, { succeeded: 7, running: 0 })
      const http = yield* HttpClient.HttpClient
      const listed = yield* Effect.flatMap(http.get(`${again.url}/runs?limit=50`), ({ json }) => json)
      assert.lengthOf((listed as { readonly runs: ReadonlyArray<unknown> }).runs, 7)
      const apart = yield* runsOf(url, other.id)
      assert.deepInclude({ ...(yield* apart.counts) }, { succeeded: 0 })

      const { deployment } = yield* Home.Home
      assert.isFalse(yield* fs.exists(`${deployment(made.id)}/runs.db`))
      const found = yield* textsBelow(deployment(made.id))
      const leaks = found.filter(([, text]) => text.includes(password) || text.includes("s3cr@t/word"))
      assert.deepStrictEqual(
        leaks.map(([name]) => name.replace(/.*\/secrets\//, "")),
        ["RUNS_URL", "RUNS_URL"].slice(0, leaks.length)
      )
      const processes = yield* Command.string(Command.make("ps", "eww", "-eo", "args"))
      assert.notInclude(processes, password)
      yield* Effect.forEach([made, other], ({ id }) => deployer.delete(id), { discard: true })
    })
  )

  it.scoped("names what is missing: the secret, the client in the bundle, a server that answers", () =>
    Effect.gen(function* () {
      const deployer = yield* LocalDeployer.LocalDeployer
      const secrets = yield* SecretStore
      const provision = (serving: { readonly runStoreSecret: string }, bundled: boolean) =>
        Effect.flatMap(Snapshot.fromFile(`${file}#first`, { bundling: { postgres: bundled } }), (snapshot) =>
          Effect.flip(deployer.provision(snapshot, { name: "broken", settings: { serving } }))
        )
      assert.strictEqual((yield* provision({ runStoreSecret: "NOWHERE" }, true))._tag, "SecretNotFound")
      const invalid = yield* provision({ runStoreSecret: "postgres://u:p@h/db" }, true)
      assert.include(invalid.message, "deployers secret set")
      yield* secrets.set("RUNS_URL", Redacted.make("postgres://nobody:hidden@127.0.0.1:1/none"))
      const without = yield* provision({ runStoreSecret: "RUNS_URL" }, false)
      assert.include(JSON.stringify(without), "without the client of PostgreSQL")
      const silent = yield* provision({ runStoreSecret: "RUNS_URL" }, true)
      assert.include(JSON.stringify(silent), "127.0.0.1:1/none")
      assert.notInclude(JSON.stringify(silent), "hidden")
      yield* Effect.ignore(deployer.delete("broken"))
    })
  )
})
