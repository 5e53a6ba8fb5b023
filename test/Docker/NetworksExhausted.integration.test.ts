import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { startPrivate } from "../../scripts/engine.mjs"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import { census, fromFile, layerDocker } from "./DockerFixture.js"

/** An engine of the test's own, whose networks the test may use up. */
const layerOwn = Layer.unwrapScoped(
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => startPrivate()),
      (engine) => Effect.promise(() => engine.dispose())
    ),
    ({ host }) => layerDocker(Effect.succeed(host))
  )
)

const label = "effect-deployers.test=exhausting"

layer(layerOwn, { excludeTestServices: true, timeout: "3 minutes" })("An engine that has no more networks", (it) => {
  it.effect("is a typed failure that says what to do, leaves nothing, and passes when there is room", () =>
    Effect.gen(function* () {
      const { networks } = yield* DockerClient
      const deployer = yield* DockerDeployer
      const snapshot = yield* fromFile("healthy.ts", "healthy")
      const taken: Array<string> = []
      yield* Effect.iterate(0, {
        while: (made) => made < 100,
        body: (made) =>
          networks.create({ name: `exhausting-${made}`, labels: { [label]: "yes" } }).pipe(
            Effect.map((id) => taken.push(id)),
            Effect.orElseSucceed(() => 100)
          )
      })
      assert.isAtLeast(taken.length, 5)
      const error = yield* Effect.flip(deployer.provision(snapshot, { name: "late" }))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.match(error.message, /could not create its network.*setting network/s)
      assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
      yield* Effect.forEach(taken, (id) => networks.remove(id))
      assert.strictEqual((yield* deployer.provision(snapshot, { name: "late" })).status, "running")
      yield* deployer.delete("late")
    })
  )
})
