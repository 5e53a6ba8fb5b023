import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { Command, HttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Client, Home, Snapshot } from "effect-deployers"
import { LocalDeployer } from "effect-deployers/Local"
import { RunStore } from "../../src/Store/RunStore.js"
import * as Runs from "../../src/Store/Runs.js"
import { underLoad } from "../Load.js"
import { first as pipeline } from "../pipelines/paced.js"
import { layerEmbedded } from "./fixture.js"

const file = fileURLToPath(new URL("../pipelines/paced.ts", import.meta.url))

/** The number of processes of a deployment: the primary and its workers. */
const processesBelow = (folder: string) =>
  Effect.map(Command.string(Command.make("ps", "-eo", "args")), (listing) => {
    const lines = listing.split("\n").filter((line) => line.includes(folder))
    return {
      primaries: lines.filter((line) => line.includes(" serve ")).length,
      workers: lines.filter((line) => line.includes(" work ")).length
    }
  })

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, met: (value: A) => boolean) =>
  effect.pipe(
    Effect.filterOrFail(met),
    Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(1_000)))
  )

const metricsOf = (url: string | undefined) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${url}/metrics`)).pipe(
    Effect.flatMap(({ text }) => text),
    Effect.scoped
  )

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen({ host: "127.0.0.1", port: 0 }, () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

layer(layerEmbedded, { excludeTestServices: true, timeout: "2 minutes" })("A local deployment with workers", (it) => {
  it.effect("is served by all of them, is replaced without a failed request, recovers and leaves no process", () =>
    Effect.gen(function* () {
      const deployer = yield* LocalDeployer.LocalDeployer
      const snapshots = [yield* Snapshot.fromFile(`${file}#first`), yield* Snapshot.fromFile(`${file}#second`)]
      const provision = (round: number, workers: number) =>
        deployer.provision(snapshots[round % 2] ?? "", {
          name: "crew",
          settings: { minHealthyMillis: 50, oldInstanceGraceMillis: 300, serving: { workers } }
        })
      const made = yield* provision(0, 2)
      const { deployment } = yield* Home.Home
      const folder = deployment(made.id)
      assert.deepStrictEqual(yield* processesBelow(folder), { primaries: 1, workers: 2 })
      assert.include(yield* metricsOf(made.url), "\ndeployers_workers 2\n")

      const client = Client.make(pipeline, "crew")
      const ask = (number: number) => client.invoke({ number, millis: number % 10 === 0 ? 100 : 1 })
      const [last, { failed, failures, requests }] = yield* underLoad({ callers: 4, restMillis: 10, ask }, (tally) =>
        Effect.gen(function* () {
          let now = made
          for (let round = 1; round <= 4; round++) {
            const { requests } = yield* tally
            now = yield* provision(round, 2 + (round % 2))
            yield* eventually(tally, (all) => all.requests > requests + 20)
          }
          return now
        })
      )
      assert.deepStrictEqual([failed, failures], [0, []])
      yield* eventually(processesBelow(folder), ({ primaries, workers }) => primaries === 1 && workers === 2)
      const counts = yield* Effect.provide(
        Effect.flatMap(RunStore, (runs) => runs.counts),
        Runs.layerReadOnly(`${folder}/runs.db`)
      )
      assert.deepStrictEqual(counts, { queued: 0, running: 0, succeeded: requests, failed: 0, interrupted: 0 })

      process.kill(Number(last.metadata["pid"]), "SIGKILL")
      yield* eventually(processesBelow(folder), ({ primaries, workers }) => primaries === 0 && workers === 0)
      assert.strictEqual((yield* deployer.refresh("crew")).status, "error")
      yield* deployer.reconcile
      yield* eventually(processesBelow(folder), ({ primaries, workers }) => primaries === 1 && workers === 2)

      yield* deployer.deprovision("crew")
      assert.deepStrictEqual(yield* processesBelow(folder), { primaries: 0, workers: 0 })
      yield* deployer.delete("crew")
    })
  )

  it.effect("takes a fixed port over when everything is ready for it", () =>
    Effect.gen(function* () {
      const deployer = yield* LocalDeployer.LocalDeployer
      const { deployment } = yield* Home.Home
      const port = yield* freePort
      const client = Client.make(pipeline, "pinned-crew")
      const provision = (export_: string) =>
        Effect.flatMap(Snapshot.fromFile(`${file}#${export_}`), (snapshot) =>
          deployer.provision(snapshot, {
            name: "pinned-crew",
            settings: { port, minHealthyMillis: 50, serving: { workers: 2 } }
          })
        )
      const { id } = yield* provision("first")
      assert.strictEqual((yield* client.invoke({ number: 1, millis: 0 })).version, 1)
      const { generation, url } = yield* provision("second")
      assert.deepStrictEqual([generation, url], [2, `http://127.0.0.1:${port}`])
      assert.strictEqual((yield* client.invoke({ number: 1, millis: 0 })).version, 2)
      yield* eventually(processesBelow(deployment(id)), ({ primaries, workers }) => primaries === 1 && workers === 2)
      yield* deployer.delete("pinned-crew", { force: true })
      assert.deepStrictEqual(yield* processesBelow(deployment(id)), { primaries: 0, workers: 0 })
    })
  )

  it.effect("can be planned: the number of workers is a change", () =>
    Effect.gen(function* () {
      const deployer = yield* LocalDeployer.LocalDeployer
      const snapshot = yield* Snapshot.fromFile(`${file}#first`)
      yield* deployer.provision(snapshot, { name: "planned" })
      const plan = yield* deployer.plan(snapshot, { name: "planned", settings: { serving: { workers: 2 } } })
      assert.deepInclude(plan, { action: "replace" })
      assert.deepInclude("changes" in plan ? plan.changes : [], { path: "serving.workers", from: 1, to: 2 })
      yield* deployer.delete("planned")
    })
  )
})
