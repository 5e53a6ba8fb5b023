import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { Client, Deployer, Errors, Snapshot } from "effect-deployers"
import { layerEmbedded } from "./fixture.js"

const file = fileURLToPath(new URL("../pipelines/checked.ts", import.meta.url))

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

interface Given {
  readonly port?: number
  readonly workers?: number
}

const provision = (name: string, expected: number, { workers = 1, ...given }: Given = {}) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const settings = { ...given, environment: { EXPECTED: String(expected) }, serving: { workers } }
    return yield* deployer.provision(yield* Snapshot.fromFile(file), { name, settings })
  })

const timesChecked = (name: string) =>
  Effect.flatMap(Deployer.Deployer, (deployer) =>
    Effect.map(
      Stream.runCollect(deployer.logs(name)),
      (lines) => Chunk.toReadonlyArray(lines).filter(({ text }) => text.includes("the check runs")).length
    )
  )

layer(layerEmbedded, { excludeTestServices: true, timeout: "2 minutes" })("the check of a local process", (it) => {
  it.effect("fails a first deploy with its typed error", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const error = yield* Effect.flip(provision("first", 4))
      assert.instanceOf(error, Errors.DeploymentCheckFailed)
      assert.strictEqual(error.failure._tag, "Mistaken")
      assert.deepStrictEqual(yield* deployer.list({ status: "running" }), [])
    })
  )

  it.effect("fails a replace on a fixed port before the old version stops", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const made = yield* provision("fixed", 3, { port })
      const error = yield* Effect.flip(provision("fixed", 4, { port }))
      assert.instanceOf(error, Errors.DeploymentCheckFailed)
      const deployer = yield* Deployer.Deployer
      const now = yield* deployer.refresh("fixed")
      assert.strictEqual(now.metadata["pid"], made.metadata["pid"])
      assert.deepStrictEqual((yield* Client.invoke("fixed", { a: 1, b: 1 })).outputs, { sum: 2 })
      yield* deployer.delete("fixed")
    })
  )

  it.effect("runs once for all workers, and its failure fails the service", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const error = yield* Effect.flip(provision("several", 4, { workers: 2 }))
      assert.instanceOf(error, Errors.DeploymentCheckFailed)
      yield* provision("several", 3, { workers: 2 })
      // The log of the first deploy, which failed, is gone with it.
      assert.strictEqual(yield* timesChecked("several"), 1)
      assert.deepStrictEqual((yield* Client.runs("several")).runs, [])
      yield* deployer.delete("several")
    })
  )
})
