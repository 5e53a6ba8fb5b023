/** Commands in a home on a disk that is mounted read-only, while its service runs on. */
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Deployer, Snapshot } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { Deployers } from "../../src/Cli/Deployers.js"
import { Doctor, Input, Output, run } from "../../src/Cli/index.js"
import { ServiceManager } from "../../src/Local/ServiceManager.js"
import * as SqlRegistryCopy from "../../src/Store/Registry/SqlRegistryCopy.js"
import * as ReadOnly from "../ReadOnly.js"

const healthy = `${fileURLToPath(new URL("../pipelines/healthy.ts", import.meta.url))}#healthy`

const inHome = (home: string) =>
  Effect.provide(
    Layer.merge(
      Embedded.layer({ home, defaults: { minHealthyMillis: 100, oldInstanceGraceMillis: 0 } }),
      NodeContext.layer
    )
  )

const unused = Effect.dieMessage("the command needs no service manager")

const cli = (argv: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const captured = Output.capture()
    const terminal = Layer.mergeAll(
      captured.layer,
      Layer.succeed(ServiceManager, { install: unused, uninstall: unused, status: unused }),
      Input.layerTest({ text: "value" }),
      Layer.succeed(Doctor.Doctor, { checks: [] }),
      SqlRegistryCopy.layer,
      Layer.effect(
        Deployers,
        Effect.map(Deployer.Deployer, (deployer) => ({
          local: deployer,
          docker: deployer,
          swarm: deployer,
          kubernetes: deployer
        }))
      )
    )
    const exitCode = yield* run(argv).pipe(Effect.provide(terminal))
    return { exitCode, stdout: yield* captured.stdout, stderr: yield* captured.stderr }
  })

const readers = [
  ["list"],
  ["describe", "g"],
  ["runs", "g"],
  ["logs", "g"],
  ["events", "g"],
  ["revisions", "g"],
  ["secret", "list"],
  ["snapshot", "list"],
  ["auth", "list", "g"],
  ["deploy", healthy, "--name", "g", "--plan"],
  ["reconcile", "--dry-run"]
]

const writers = [
  ["refresh", "g"],
  ["deprovision", "g"],
  ["provision", "g"],
  ["delete", "g", "--yes"],
  ["delete", "g", "--yes", "--force"],
  ["deploy", healthy, "--name", "h"],
  ["snapshot", "delete", "healthy@1"],
  ["secret", "set", "KEY"],
  ["auth", "rotate", "g"],
  ["auth", "add", "g"]
]

describe.runIf(ReadOnly.canMount)("a home on a disk that is mounted read-only", () => {
  it.live(
    "is read, and commands that write fail with the file and the remedy",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const home = `${yield* fs.realPath(yield* fs.makeTempDirectoryScoped())}/home`
        const deploy = Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          return yield* deployer.provision(yield* Snapshot.fromFile(healthy), { name: "g" })
        })
        yield* inHome(home)(Effect.zipRight(deploy, cli(["invoke", "g", "--text", "x"])))
        yield* Effect.addFinalizer(() =>
          Effect.orDie(inHome(home)(Effect.flatMap(Deployer.Deployer, (deployer) => deployer.delete("g"))))
        )
        const inMountedHome = Effect.gen(function* () {
          for (const argv of readers) {
            const said = yield* cli([...argv, "--json"])
            assert.strictEqual(said.exitCode, 0, `${argv.join(" ")}: ${said.stderr}`)
          }
          assert.deepInclude(JSON.parse((yield* cli(["describe", "g", "--json"])).stdout), { status: "running" })
          const { runs } = JSON.parse((yield* cli(["runs", "g", "--json"])).stdout) as { runs: ReadonlyArray<unknown> }
          assert.lengthOf(runs, 1)
          for (const argv of writers) {
            const said = yield* cli([...argv, "--json"])
            assert.strictEqual(said.exitCode, 1, argv.join(" "))
            const failure = JSON.parse(said.stdout) as Record<string, unknown>
            assert.deepInclude(failure, { _tag: "StoreError", reason: "readonly", path: `${home}/registry.db` })
            assert.include(said.stderr, "make them writable")
          }
        })
        yield* Effect.scoped(Effect.zipRight(ReadOnly.mounted(home), inHome(home)(inMountedHome)))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    120_000
  )
})
