import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Clock, Console, Effect } from "effect"
import { Client, Home, Snapshot } from "effect-deployers"
import { LocalDeployer } from "effect-deployers/Local"
import { RunStore } from "../../src/Store/RunStore.js"
import * as Runs from "../../src/Store/Runs.js"
import { underLoad } from "../Load.js"
import { isLong } from "../Long.js"
import { first as pipeline } from "../pipelines/paced.js"
import { layerEmbedded } from "./fixture.js"

const file = fileURLToPath(new URL("../pipelines/paced.ts", import.meta.url))
const replaces = isLong ? 100 : 8

layer(layerEmbedded, { excludeTestServices: true, timeout: "3 minutes" })("A local deployment under load", (it) => {
  it.effect(
    `fails no request across ${replaces} replaces`,
    () =>
      Effect.gen(function* () {
        const deployer = yield* LocalDeployer.LocalDeployer
        const snapshots = [yield* Snapshot.fromFile(`${file}#first`), yield* Snapshot.fromFile(`${file}#second`)]
        const replace = (round: number) =>
          deployer.provision(snapshots[round % 2] ?? "", {
            name: "busy",
            settings: { minHealthyMillis: 20, oldInstanceGraceMillis: 50 }
          })
        const made = yield* replace(0)
        const client = Client.make(pipeline, "busy")
        const ask = (number: number) =>
          Effect.filterOrFail(
            client.invoke({ number, millis: number % 10 === 0 ? 200 : 1 }),
            (answer) => answer.number === number,
            () => "it answered another request"
          )
        const begin = yield* Clock.currentTimeMillis
        const [last, { failed, failures, requests, slowestMillis }] = yield* underLoad(
          { callers: 6, restMillis: 12, ask },
          () => Effect.reduce(Array.from({ length: replaces }), made, (_, __, index) => replace(index + 1))
        )
        const seconds = ((yield* Clock.currentTimeMillis) - begin) / 1_000
        yield* Console.log(
          `${requests} requests across ${replaces} replaces in ${seconds.toFixed(0)} s, ${failed} failed, slowest ${slowestMillis} ms`
        )
        assert.deepStrictEqual([failed, failures], [0, []])
        assert.strictEqual(last.generation, replaces + 1)
        assert.isAbove(requests, replaces * 10)
        const { deployment } = yield* Home.Home
        const counts = yield* Effect.provide(
          Effect.flatMap(RunStore, (runs) => runs.counts),
          Runs.layerReadOnly(`${deployment(last.id)}/runs.db`)
        )
        assert.deepStrictEqual(counts, { queued: 0, running: 0, succeeded: requests, failed: 0, interrupted: 0 })
        yield* deployer.delete("busy")
      }),
    Math.max(600_000, replaces * 15_000)
  )
})
