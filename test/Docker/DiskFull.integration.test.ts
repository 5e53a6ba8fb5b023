import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { startPrivate } from "../../scripts/engine.mjs"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { census, fromFile, layerDocker } from "./DockerFixture.js"

/** The engine takes some megabytes for itself; an image with this machine's Node takes more than a hundred. */
const small = "60m"
const large = "2g"

const mount = (folder: string, options: string) =>
  Effect.sync(() => spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]).status)

/** A disk in memory. */
const disk = Effect.acquireRelease(
  Effect.gen(function* () {
    const folder = mkdtempSync(join(tmpdir(), "effect-deployers-disk-"))
    assert.strictEqual(yield* mount(folder, `size=${small}`), 0, "a disk in memory could not be mounted")
    return folder
  }),
  (folder) =>
    Effect.sync(() => {
      spawnSync("umount", ["-l", folder])
      rmSync(folder, { recursive: true, force: true })
    })
)

class Disk extends Effect.Service<Disk>()("test/Disk", {
  scoped: Effect.map(disk, (folder) => ({
    folder,
    grow: mount(folder, `remount,size=${large}`)
  }))
}) {}

/** An engine of the test's own, on that disk. */
const layerOwn = Layer.unwrapScoped(
  Effect.gen(function* () {
    const { folder } = yield* Disk
    const { host } = yield* Effect.acquireRelease(
      Effect.promise(() => startPrivate({ folder: join(folder, "engine") })),
      (engine) => Effect.promise(() => engine.dispose())
    )
    return layerDocker(Effect.succeed(host))
  })
).pipe(Layer.provideMerge(Disk.Default))

layer(layerOwn, { excludeTestServices: true, timeout: "3 minutes" })("An engine whose disk is full", (it) => {
  it.effect("B21: is a typed failure that leaves nothing, and passes when there is room", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const store = yield* DeploymentStore
      const snapshot = yield* fromFile("healthy.ts", "healthy")
      const error = yield* Effect.flip(deployer.provision(snapshot, { name: "late" }))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.match(error.message, /no space left/)
      assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
      assert.deepStrictEqual(yield* store.openOperations, [])
      assert.strictEqual(yield* (yield* Disk).grow, 0)
      assert.strictEqual((yield* deployer.provision(snapshot, { name: "late" })).status, "running")
      yield* deployer.delete("late")
    })
  )
})
