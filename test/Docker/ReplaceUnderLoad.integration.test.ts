import { assert, layer } from "@effect/vitest"
import { Console, Effect } from "effect"
import { Client, Home } from "effect-deployers"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import type { DockerSettingsInput } from "../../src/Docker/Settings.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { RunStore } from "../../src/Store/RunStore.js"
import * as Runs from "../../src/Store/Runs.js"
import { type Tally, underLoad } from "../Load.js"
import { first as pipeline } from "../pipelines/paced.js"
import { census, fromFile, layerDocker } from "./DockerFixture.js"

interface Bad {
  readonly tag: "DeploymentProvisionFailed" | "DeploymentTimeout"
  readonly says: string
  readonly lastLine: string
  readonly settings?: DockerSettingsInput
}

const bad: Readonly<Record<string, Bad>> = {
  "cannot be built": {
    tag: "DeploymentProvisionFailed",
    says: "localhost:1/nobody/nothing:1",
    lastLine: "",
    settings: { image: { base: { _tag: "image", reference: "localhost:1/nobody/nothing:1" } } }
  },
  throws: {
    tag: "DeploymentProvisionFailed",
    says: "before it answered for the first time",
    lastLine: "it throws while it is loaded"
  },
  crashes: { tag: "DeploymentProvisionFailed", says: "it failed to start", lastLine: "it cannot build its warm state" },
  collapses: {
    tag: "DeploymentProvisionFailed",
    says: "before it answered for the first time",
    lastLine: "it ends soon after it became healthy"
  },
  devours: {
    tag: "DeploymentProvisionFailed",
    says: "it ran out of its 128 MiB of memory",
    lastLine: "it takes more memory than it may",
    settings: { memoryBytes: 128 * 1_048_576 }
  },
  sulks: { tag: "DeploymentTimeout", says: "did not end within", lastLine: "it is never ready" },
  hangs: { tag: "DeploymentTimeout", says: "did not end within", lastLine: "it hangs while it is loaded" }
}

/** A service that exits by itself is waited for; others time out soon. */
const patience = { DeploymentProvisionFailed: 30_000, DeploymentTimeout: 4_000 }

/** The default of a deployment. */
const settings = { minHealthyMillis: 1_000, oldInstanceGraceMillis: 1_000 }

const ask = (number: number) =>
  Effect.filterOrFail(
    Client.make(pipeline, "busy").invoke({ number, millis: number % 10 === 0 ? 200 : 1 }),
    (answer) => answer.number === number && answer.version !== 666,
    () => "another request or version was answered"
  )

layer(layerDocker(), { excludeTestServices: true, timeout: "3 minutes" })("A container under load", (it) => {
  it.effect("answers every request while bad versions are deployed over it, and while a good one replaces it", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const store = yield* DeploymentStore
      const good = yield* fromFile("paced.ts", "first")
      const better = yield* fromFile("paced.ts", "second")
      const mischievous = yield* fromFile("mischievous.ts", "mischievous")
      yield* deployer.provision(good, { name: "busy", settings })
      const before = yield* store.find("busy")

      const fail = (mischief: string, { lastLine, says, tag, ...one }: Bad, tally: Effect.Effect<Tally>) =>
        Effect.gen(function* () {
          const environment = { MISCHIEF: mischief }
          const error = yield* Effect.flip(
            deployer.provision(mischievous, {
              name: "busy",
              rotateAuthKey: true,
              settings: { ...settings, timeoutMillis: patience[tag], environment, ...one.settings }
            })
          )
          assert.strictEqual(error._tag, tag, `${mischief}: ${error.message}`)
          assert.include(error.message, says)
          assert.include(error.message, lastLine)
          assert.deepStrictEqual(yield* store.find("busy"), before)
          assert.strictEqual((yield* census).containers.length, 1)
          const { failures, requests } = yield* tally
          assert.deepStrictEqual(failures, [])
          yield* Console.log(`a version that ${mischief}: ${error._tag}; ${requests} requests so far, 0 failed`)
        })

      const [replaced, { failed, failures, requests, slowestMillis }] = yield* underLoad(
        { callers: 4, restMillis: 20, ask },
        (tally) =>
          Effect.gen(function* () {
            for (const [mischief, one] of Object.entries(bad)) yield* fail(mischief, one, tally)
            yield* deployer.provision(better, { name: "busy", settings })
            yield* deployer.provision(good, { name: "busy", settings })
            return yield* deployer.provision(better, { name: "busy", settings })
          })
      )
      yield* Console.log(
        `${requests} requests across ${Object.keys(bad).length} failed replaces and three good, ${failed} failed, slowest ${slowestMillis} ms`
      )
      assert.deepStrictEqual([failed, failures], [0, []])
      assert.strictEqual(replaced.snapshot.id, better.id)
      assert.strictEqual((yield* ask(1)).version, 2)
      const { deployment } = yield* Home.Home
      const counts = yield* Effect.provide(
        Effect.flatMap(RunStore, (runs) => runs.counts),
        Runs.layerReadOnly(`${deployment(replaced.id)}/data/runs.db`)
      )
      assert.deepStrictEqual(counts, { queued: 0, running: 0, succeeded: requests + 1, failed: 0, interrupted: 0 })
      yield* deployer.delete("busy")
    })
  )
})
