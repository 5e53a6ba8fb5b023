import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Deployer, Home, Snapshot } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"

const pipeline = (file: string) => fileURLToPath(new URL(`../pipelines/${file}`, import.meta.url))
const dying = fileURLToPath(new URL("./dying.ts", import.meta.url))
const viteNode = fileURLToPath(new URL("../../node_modules/vite-node/vite-node.mjs", import.meta.url))
const config = fileURLToPath(new URL("../../vitest.config.ts", import.meta.url))

/** Provisions in a process of its own that is killed when it reports the given event. */
const killedAt = (home: string, source: string, event: string) =>
  Effect.async<NodeJS.Signals | null>((resume) => {
    const child = spawn(process.execPath, [viteNode, "-c", config, dying, home, source, event], {
      stdio: ["ignore", "ignore", "inherit"]
    })
    child.once("close", (_, signal) => resume(Effect.succeed(signal)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("a deployer killed in the middle of a provision", () => {
  it.live.each([
    "lease_acquired",
    "intent_recorded",
    "instance_started",
    "health_waiting",
    "healthy",
    "generation_committed"
  ])(
    "at %s leaves a registry the next command mends, and the same deploy succeeds",
    (event) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-killed-" })
        const source = `${pipeline("healthy.ts")}#another`
        yield* Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const store = yield* DeploymentStore
          const home = yield* Home.Home
          const healthy = yield* Snapshot.fromFile(`${pipeline("healthy.ts")}#healthy`)
          const before = yield* deployer.provision(healthy, { name: "victim" })

          assert.strictEqual(yield* killedAt(folder, source, event), "SIGKILL")
          const committed = event === "generation_committed"
          const seen = yield* deployer.refresh("victim")
          assert.deepInclude(seen, { status: "running", generation: committed ? 2 : 1 })
          assert.strictEqual(seen.snapshot.id === before.snapshot.id, !committed)
          assert.deepStrictEqual(yield* store.openOperations, [])
          const generations = path.join(home.deployment(before.id), "generations")
          assert.deepStrictEqual(yield* fs.readDirectory(generations), [committed ? "2" : "1"])

          const after = yield* deployer.provision(yield* Snapshot.fromFile(source), { name: "victim" })
          assert.strictEqual(after.status, "running")
          assert.deepStrictEqual(yield* fs.readDirectory(generations), [String(after.generation)])
          yield* deployer.delete("victim")
          assert.deepStrictEqual(yield* fs.readDirectory(path.join(folder, "deployments")), [])
        }).pipe(Effect.provide(Embedded.layer({ home: folder })))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    120_000
  )
})
