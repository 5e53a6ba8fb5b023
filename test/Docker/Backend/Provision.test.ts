/** A network and a container are created concurrently: after a failure of either nothing is left. */
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { FakeEngine } from "../../../src/Conformance/FakeEngine.js"
import { DockerClient, EngineError, SpecRejected } from "../../../src/Docker/DockerClient.js"
import * as Labels from "../../../src/Docker/Labels.js"
import * as Home from "../../../src/Store/Home.js"
import { instance, layer, provision } from "../DockerRequests.js"

const live = <A, E>(
  name: string,
  test: Effect.Effect<A, E, Layer.Layer.Success<ReturnType<typeof layer>> | NodeContext.NodeContext>
) => it.live(name, () => Effect.provide(test, layer().pipe(Layer.provideMerge(NodeContext.layer))))

/** The content of the engine, and the generations that have files. */
const present = Effect.gen(function* () {
  const { containers } = yield* FakeEngine
  const { networks } = yield* DockerClient
  const fs = yield* FileSystem.FileSystem
  const home = yield* Home.Home
  const generations = `${home.deployment(instance.deploymentId)}/generations`
  return {
    containers: Array.from(containers.values(), ({ name, status }) => `${name} ${status}`),
    networks: (yield* networks.list({})).map(({ name }) => name),
    generations: (yield* fs.exists(generations)) ? yield* fs.readDirectory(generations) : []
  }
})

const network = Labels.networkName(instance.deploymentId)
const nothing = { containers: [], networks: [], generations: [] }
const running = {
  containers: [`${Labels.containerName(instance)} running`],
  networks: [network],
  generations: ["1"]
}

type Part = "network" | "container"

const other = (part: Part): Part => (part === "network" ? "container" : "network")

interface Stage {
  /** Done when the engine has made it. */
  readonly made: Readonly<Record<Part, Deferred.Deferred<void>>>
  /** The backend's engine from now on: what happens before it makes one of the two. */
  readonly withHooks: (
    hooks: Partial<Record<Part, Effect.Effect<void, EngineError | SpecRejected>>>
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | DockerClient>
}

/** An engine carries a request out, even if the caller does not wait for it. */
const carriedOut = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flatMap(Effect.forkDaemon(effect), Fiber.join)

const stage: Effect.Effect<Stage> = Effect.gen(function* () {
  const made = { network: yield* Deferred.make<void>(), container: yield* Deferred.make<void>() }
  return {
    made,
    withHooks:
      ({ container = Effect.void, network = Effect.void }) =>
      (effect) =>
        Effect.updateService(effect, DockerClient, (client) => ({
          ...client,
          networks: {
            ...client.networks,
            create: (spec) =>
              carriedOut(
                Effect.zipRight(
                  network,
                  Effect.tap(client.networks.create(spec), () => Deferred.succeed(made.network, undefined))
                )
              )
          },
          containers: {
            ...client.containers,
            create: (spec) =>
              carriedOut(
                Effect.zipRight(
                  container,
                  Effect.tap(client.containers.create(spec), () => Deferred.succeed(made.container, undefined))
                )
              )
          }
        }))
  }
})

const parts: ReadonlyArray<Part> = ["network", "container"]

const failures = {
  network: new EngineError({ operation: "create a network", status: 500, reason: "it has no room" }),
  container: new SpecRejected({ operation: "create a container", reason: "it has no room" })
}

/** More accesses to files than taking everything back needs, which must not begin yet. */
const longEnough = Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.repeatN(fs.exists("/"), 200))

const started = Effect.map(FakeEngine, ({ operations }) => operations.includes("start a container"))

describe("G32: A container and its network", () => {
  for (const late of parts) {
    const early = other(late)

    live(
      `are made at the same time: it starts when the ${late} is there too`,
      Effect.gen(function* () {
        const { made, withHooks } = yield* stage
        yield* provision().pipe(withHooks({ [late]: Deferred.await(made[early]) }))
        assert.deepStrictEqual(yield* present, running)
      })
    )

    live(
      `are both gone when the ${late} cannot be made and the ${early} was`,
      Effect.gen(function* () {
        const { made, withHooks } = yield* stage
        const failing = Effect.zipRight(Deferred.await(made[early]), Effect.fail(failures[late]))
        const error = yield* Effect.flip(provision().pipe(withHooks({ [late]: failing })))
        assert.strictEqual(error._tag, "DeploymentProvisionFailed")
        assert.include(error.message, "it has no room")
        assert.deepStrictEqual(yield* present, nothing)
        assert.isFalse(yield* started)
      })
    )

    live(
      `are both gone when making the ${early} fails while the ${late} is being made`,
      Effect.gen(function* () {
        const { made, withHooks } = yield* stage
        const begun = yield* Deferred.make<void>()
        const failed = yield* Deferred.make<void>()
        const error = yield* Effect.flip(
          provision().pipe(
            withHooks({
              [early]: Effect.zipRight(
                early === "container" ? Deferred.await(begun) : Effect.void,
                Effect.zipRight(Deferred.succeed(failed, undefined), Effect.fail(failures[early]))
              ),
              [late]: Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(failed))
            })
          )
        )
        if (late === "network") yield* Deferred.await(made.network)
        assert.strictEqual(error._tag, "DeploymentProvisionFailed")
        assert.deepStrictEqual(yield* present, nothing)
        assert.isFalse(yield* started)
      })
    )

    live(
      `are both gone when it is interrupted while the ${late} is being made and the ${early} was`,
      Effect.gen(function* () {
        const { made, withHooks } = yield* stage
        const begun = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(
          provision().pipe(
            withHooks({ [late]: Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(go)) })
          )
        )
        yield* Effect.zipRight(Deferred.await(begun), Deferred.await(made[early]))
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* longEnough
        yield* Deferred.succeed(go, undefined)
        assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interrupting)))
        yield* Deferred.await(made[late])
        assert.deepStrictEqual(yield* present, nothing)
        assert.isFalse(yield* started)
      })
    )
  }

  live(
    "are there although the reply to the making of the network is lost",
    Effect.gen(function* () {
      const { loseReply } = yield* FakeEngine
      yield* loseReply((operation) => operation === "create a network")
      yield* provision()
      assert.deepStrictEqual(yield* present, running)
    })
  )

  live(
    "are found by a repetition when the one was made and the other was not",
    Effect.gen(function* () {
      const { containers } = yield* FakeEngine
      const client = yield* DockerClient
      yield* provision()
      const [{ labels, spec } = assert.fail("there is no container")] = containers.values()
      yield* client.containers.remove(Labels.containerName(instance), { force: true })
      yield* client.networks.remove(network)
      const made = yield* client.containers.create({ ...spec, labels })
      const { metadata } = yield* provision()
      assert.strictEqual(metadata["containerId"], made)
      assert.deepStrictEqual(yield* present, running)
    })
  )

  live(
    "replace a container that nothing was written down about, in the network it had",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      const { networks } = yield* DockerClient
      const before = yield* provision()
      const { id } = yield* networks.inspect(network)
      yield* fs.remove(`${home.deployment(instance.deploymentId)}/generations`, { recursive: true })
      const after = yield* provision()
      assert.notStrictEqual(after.metadata["containerId"], before.metadata["containerId"])
      assert.strictEqual((yield* networks.inspect(network)).id, id)
      assert.deepStrictEqual(yield* present, running)
    })
  )
})
