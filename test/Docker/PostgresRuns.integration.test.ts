import { fileURLToPath } from "node:url"
import { HttpBody, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schedule, Schema } from "effect"
import { type Deployment, Snapshot } from "effect-deployers"
import * as Postgres from "../../scripts/postgres.mjs"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import * as PostgresRuns from "../../src/Store/PostgresRuns.js"
import { RunStore } from "../../src/Store/RunStore.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { layerDocker } from "./DockerFixture.js"

const file = fileURLToPath(new URL("../pipelines/paced.ts", import.meta.url))

const password = "s3cr%40t%2Fword"

/** A server that containers reach at the machine of the engine, and this process at 127.0.0.1. */
const server = Effect.acquireRelease(
  Effect.promise(() =>
    Postgres.start({ settings: ["listen_addresses=*"], hba: "local all all trust\nhost all all 0.0.0.0/0 trust" })
  ),
  ({ stop }) => Effect.promise(stop)
)

const fromContainers = (url: string) => {
  const given = new URL(url)
  given.hostname = "db"
  given.password = password
  return given.toString()
}

const storeOf = (url: string, deployment: string) =>
  Effect.map(Layer.build(PostgresRuns.layer({ url: Redacted.make(url) }, { deployment, generation: 0 })), (context) =>
    Context.get(context, RunStore)
  )

const Listed = Schema.Struct({ runs: Schema.Array(Schema.Struct({ index: Schema.Int })) })

const indices = ({ url }: Pick<Deployment.Deployment, "url">) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${url}/runs?limit=50`)).pipe(
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Listed)),
    Effect.map(({ runs }) => runs.map(({ index }) => index)),
    Effect.scoped
  )

const invoke = ({ url }: Pick<Deployment.Deployment, "url">, number: number) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.post(`${url}/invoke`, { body: HttpBody.unsafeJson({ parameters: { number, millis: 1 } }) })
  ).pipe(Effect.flatMap(HttpClientResponse.filterStatusOk), Effect.asVoid, Effect.scoped)

layer(layerDocker(), { excludeTestServices: true, timeout: "3 minutes" })("A deployment in a container", (it) => {
  it.scoped("keeps its runs in a database of PostgreSQL over a kill and a new version, and its URL to itself", () =>
    Effect.gen(function* () {
      const { containers } = yield* DockerClient
      const deployer = yield* DockerDeployer
      const { url } = yield* server
      yield* Effect.flatMap(SecretStore, (store) => store.set("RUNS_URL", Redacted.make(fromContainers(url))))
      const serving = { runStoreSecret: "RUNS_URL", workers: 2 }
      const settings = { auth: { _tag: "none" } as const, extraHosts: ["db:host-gateway"], serving }
      const provision = (part: string) =>
        Effect.flatMap(Snapshot.fromFile(`${file}#${part}`, { settings: { serving } }), (snapshot) =>
          deployer.provision(snapshot, { name: "runs-of-containers", settings })
        )
      yield* Effect.addFinalizer(() => Effect.ignore(deployer.delete("runs-of-containers")))
      const made = yield* provision("first")
      yield* Effect.forEach([1, 2, 3, 4], (number) => invoke(made, number), { concurrency: 2 })
      const { raw, state } = yield* containers.inspect(String(made.metadata.containerId))
      assert.notInclude(JSON.stringify(raw), password)

      process.kill(state.pid ?? assert.fail("it does not run"), "SIGKILL")
      yield* invoke(made, 5).pipe(Effect.retry(Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(150))))
      assert.lengthOf(yield* indices(made), 5)

      const again = yield* provision("second")
      yield* invoke(again, 6)
      assert.lengthOf(yield* indices(again), 6)
      const store = yield* storeOf(url, made.id)
      assert.deepInclude({ ...(yield* store.counts) }, { succeeded: 6, running: 0 })
    })
  )

  it.scoped("says which database it does not reach, without the password", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const serving = { runStoreSecret: "RUNS_URL" }
      yield* Effect.flatMap(SecretStore, (store) =>
        store.set("RUNS_URL", Redacted.make(`postgres://someone:${password}@127.0.0.1:1/none`))
      )
      const snapshot = yield* Snapshot.fromFile(`${file}#first`, { settings: { serving } })
      const error = yield* Effect.flip(deployer.provision(snapshot, { name: "reaches-nothing", settings: { serving } }))
      assert.include(JSON.stringify(error), "127.0.0.1:1/none")
      assert.notInclude(JSON.stringify(error), password)
      yield* Effect.ignore(deployer.delete("reaches-nothing"))
    })
  )
})
