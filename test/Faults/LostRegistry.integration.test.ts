import { FileSystem, HttpClient, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Client, Deployer, type Deployment } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import * as DockerStack from "../../src/Docker/DockerStack.js"
import { engineHost, fromFile } from "../Docker/DockerFixture.js"

type World = Embedded.Provides & DockerStack.Provides

/** A home whose registry can be opened, closed, lost and put back. */
const makeHome = (flavor: "local" | "docker") =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-lost-" })
    const host = flavor === "docker" ? yield* engineHost : ""
    const registry = path.join(home, "registry.db")
    const files = ["", "-wal", "-shm"].map((suffix) => `${registry}${suffix}`)
    const open = <A, E>(use: Effect.Effect<A, E, World>) =>
      flavor === "docker"
        ? Effect.provide(use, DockerStack.layer({ home, engine: { host } }))
        : Effect.provide(use, Embedded.layer({ home }))
    // However the test ends, nothing runs on.
    yield* Effect.addFinalizer(() =>
      Effect.ignoreLogged(
        Effect.zipRight(
          open(Effect.flatMap(Deployer.Deployer, ({ rebuild }) => rebuild)),
          open(Effect.flatMap(Deployer.Deployer, (deployer) => deployer.delete("victim")))
        )
      )
    )
    return {
      open,
      lose: Effect.forEach(files, (file) => fs.remove(file, { force: true }), { discard: true }),
      keep: fs.copyFile(registry, `${registry}.kept`),
      restore: Effect.zipRight(
        Effect.forEach(files, (file) => fs.remove(file, { force: true }), { discard: true }),
        fs.rename(`${registry}.kept`, registry)
      )
    }
  })

const answers = ({ url }: Pick<Deployment.Deployment, "url">) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${url}/health/ready`)).pipe(
    Effect.map(({ status }) => status === 200),
    Effect.orElseSucceed(() => false),
    Effect.scoped
  )

const key = Effect.map(
  Effect.flatMap(Deployer.Deployer, ({ authKey }) => authKey("victim")),
  (found) => found && Redacted.value(found)
)

const refused = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  const planned = yield* Effect.flip(deployer.reconcilePlan)
  const error = yield* Effect.flip(deployer.reconcile)
  assert.deepStrictEqual([planned._tag, error._tag], ["RegistryMismatch", "RegistryMismatch"])
  return error.message
})

/** Everything is as before, and everything can be done with it. */
const isBack = (before: Deployment.Deployment, callerKey: string | undefined) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    yield* deployer.reconcile
    const back = yield* deployer.get("victim")
    assert.deepInclude(
      { ...back },
      { id: before.id, generation: before.generation, status: "running", url: before.url }
    )
    assert.strictEqual(yield* key, callerKey)
    assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
    yield* Client.invoke("victim", { text: "Ada" })
    const next = yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), { name: "victim" })
    assert.strictEqual(next.generation, before.generation + 1)
    assert.isTrue(yield* answers(next))
    yield* deployer.delete("victim")
    assert.isFalse(yield* answers(next))
  })

describe.each(["local", "docker"] as const)("%s: a registry that does not belong to what runs", (flavor) => {
  it.live(
    "because it is gone: nothing is touched, and it is rebuilt from what the instances carry",
    () =>
      Effect.gen(function* () {
        const { lose, open } = yield* makeHome(flavor)
        const made = yield* open(
          Effect.gen(function* () {
            const deployer = yield* Deployer.Deployer
            const deployment = yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), { name: "victim" })
            return { deployment, callerKey: yield* key }
          })
        )
        yield* lose
        yield* open(
          Effect.gen(function* () {
            assert.match(yield* refused, /was made for registry/)
            assert.isTrue(yield* answers(made.deployment))
            const { rebuild } = yield* Deployer.Deployer
            const report = yield* rebuild
            assert.deepStrictEqual(
              report.recovered.map(({ deployment, generation }) => [deployment, generation]),
              [["victim", 1]]
            )
            assert.isTrue(report.renamed)
          })
        )
        yield* open(isBack(made.deployment, made.callerKey))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    180_000
  )

  it.live(
    "because it is an older copy: nothing is touched, and the later generation is put back",
    () =>
      Effect.gen(function* () {
        const { keep, open, restore } = yield* makeHome(flavor)
        const provision = (name: string) =>
          Effect.gen(function* () {
            const deployer = yield* Deployer.Deployer
            const deployment = yield* deployer.provision(yield* fromFile("healthy.ts", name), { name: "victim" })
            return { deployment, callerKey: yield* key }
          })
        yield* open(provision("healthy"))
        yield* keep
        const later = yield* open(provision("another"))
        yield* restore
        yield* open(
          Effect.gen(function* () {
            assert.match(yield* refused, /of generation 2, and the last one in this registry is 1/)
            assert.isTrue(yield* answers(later.deployment))
            const { rebuild } = yield* Deployer.Deployer
            const report = yield* rebuild
            assert.deepStrictEqual([report.renamed, report.recovered.length], [false, 1])
            yield* isBack(later.deployment, later.callerKey)
          })
        )
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    180_000
  )
})
