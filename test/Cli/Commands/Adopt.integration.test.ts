import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Deployer, Errors, Snapshot } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { Deployers } from "../../../src/Cli/Deployers.js"
import { Doctor, Input, Output, run } from "../../../src/Cli/index.js"
import { ServiceManager } from "../../../src/Local/ServiceManager.js"
import { HomeBinding } from "../../../src/Store/HomeBinding.js"
import * as SqlRegistryCopy from "../../../src/Store/Registry/SqlRegistryCopy.js"

const healthy = `${fileURLToPath(new URL("../../pipelines/healthy.ts", import.meta.url))}#healthy`

const inHome = (home: string) =>
  Effect.provide(Embedded.layer({ home, defaults: { minHealthyMillis: 100, oldInstanceGraceMillis: 0 } }))

const answers = (url: string | undefined) =>
  Effect.promise(() =>
    fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false
    )
  )

const unused = Effect.dieMessage("the command needs no service manager")

/** A service of a home, and the home's folder. */
const served = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
  const home = `${folder}/home`
  const deploy = Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    return yield* deployer.provision(yield* Snapshot.fromFile(healthy), { name: "g" })
  })
  const made = yield* inHome(home)(deploy)
  return { fs, home, copy: `${folder}/copy`, made }
})

const remove = (home: string) =>
  inHome(home)(Effect.flatMap(Deployer.Deployer, (deployer) => Effect.orDie(deployer.delete("g"))))

it.live("a copy of a home can be read, and does not touch the services of the original", () =>
  Effect.gen(function* () {
    const { copy, fs, home, made } = yield* served
    yield* fs.copy(home, copy)
    yield* inHome(copy)(
      Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        assert.lengthOf(yield* deployer.list(), 1)
        assert.strictEqual((yield* deployer.refresh("g")).status, "running")
        for (const error of [
          yield* Effect.flip(deployer.deprovision("g")),
          yield* Effect.flip(deployer.delete("g")),
          yield* Effect.flip(deployer.reprovision("g"))
        ]) {
          assert.deepInclude(error, { _tag: "StoreError", reason: "copied" })
          assert.include(error.message, "deployers adopt")
        }
        const binding = yield* HomeBinding
        assert.instanceOf(yield* Effect.flip(binding.adopt()), Errors.HomeInUse)
      })
    )
    assert.isTrue(yield* answers(made.url))
    yield* remove(home)
    assert.isFalse(yield* answers(made.url))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
)

it.live("a home behind a link is the same one, also when it was moved and a link leads to its new place", () =>
  Effect.gen(function* () {
    const { copy, fs, home, made } = yield* served
    const link = `${copy}-link`
    yield* fs.symlink(home, link)
    const observe = Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      assert.strictEqual((yield* deployer.refresh("g")).status, "running")
      return yield* deployer.addAuthKey("g")
    })
    const { id } = yield* inHome(link)(observe)
    yield* fs.rename(home, copy)
    yield* fs.symlink(copy, home)
    yield* inHome(home)(
      Effect.zipRight(
        observe,
        Effect.flatMap(Deployer.Deployer, (one) => one.removeAuthKey("g", id))
      )
    )
    yield* inHome(copy)(observe)
    assert.isTrue(yield* answers(made.url))
    yield* remove(link)
    assert.isFalse(yield* answers(made.url))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
)

it.live("a home that was moved adopts its services", () =>
  Effect.gen(function* () {
    const { copy, fs, home, made } = yield* served
    yield* fs.rename(home, copy)
    const captured = Output.capture()
    const terminal = Layer.mergeAll(
      captured.layer,
      Layer.succeed(ServiceManager, { install: unused, uninstall: unused, status: unused }),
      Input.layerTest({}),
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
    yield* inHome(copy)(
      Effect.gen(function* () {
        const deployer = yield* Deployer.Deployer
        assert.strictEqual((yield* Effect.flip(deployer.deprovision("g")))._tag, "StoreError")
        const exitCode = yield* run(["adopt", "--json"]).pipe(Effect.provide(terminal))
        assert.strictEqual(exitCode, 0)
        const { id } = yield* deployer.get("g")
        const log = yield* fs.readFileString(`${copy}/deployments/${id}/service.log`)
        assert.deepStrictEqual(
          JSON.parse(yield* captured.stdout),
          {
            from: home,
            deployments: [{ name: "g", outcome: "taken over" }]
          },
          log
        )
      })
    )
    yield* remove(copy)
    assert.isFalse(yield* answers(made.url))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
)
