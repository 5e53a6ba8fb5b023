import { HttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Schedule } from "effect"
import { startPrivate } from "../../scripts/engine.mjs"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import { fromFile, layerDocker } from "./DockerFixture.js"

/** An engine of the test's own, to break. */
class PrivateEngine extends Context.Tag("test/PrivateEngine")<
  PrivateEngine,
  Awaited<ReturnType<typeof startPrivate>>
>() {}

const layerEngine = Layer.scoped(
  PrivateEngine,
  Effect.acquireRelease(
    Effect.promise(() => startPrivate()),
    (engine) => Effect.promise(() => engine.dispose())
  )
)

const layerBreakable = Layer.unwrapEffect(
  Effect.map(PrivateEngine, ({ host }) => layerDocker(Effect.succeed(host)))
).pipe(Layer.provideMerge(layerEngine))

const answers = (url: string | undefined) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    return (yield* client.get(`${url}/health/ready`)).status
  }).pipe(Effect.scoped)

layer(layerBreakable, { excludeTestServices: true, timeout: "3 minutes" })("An engine that is killed", (it) => {
  it.effect("has the deployment serving again without a command; the registry is right meanwhile and afterwards", () =>
    Effect.gen(function* () {
      const engine = yield* PrivateEngine
      const deployer = yield* DockerDeployer
      const made = yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), {
        name: "lasting",
        settings: { auth: { _tag: "none" } }
      })
      assert.strictEqual(yield* answers(made.url), 200)

      yield* Effect.promise(() => engine.kill())
      const uncertain = yield* deployer.refresh("lasting")
      assert.strictEqual(uncertain.status, "running")
      assert.isDefined(uncertain.unknownSince)
      const refused = yield* Effect.flip(deployer.deprovision("lasting"))
      assert.strictEqual(refused._tag, "EngineUnavailable")

      yield* Effect.promise(() => engine.restart())
      yield* Effect.retry(answers(made.url), Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(150)))
      yield* Effect.retry(
        Effect.filterOrFail(
          deployer.refresh("lasting"),
          ({ status }) => status === "running",
          () => "not yet"
        ),
        Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(50))
      )
      const seen = yield* deployer.get("lasting")
      assert.deepStrictEqual([seen.url, seen.generation, seen.unknownSince], [made.url, 1, undefined])
      const { containers } = yield* DockerClient
      assert.strictEqual((yield* containers.inspect(String(made.metadata.containerId))).state.status, "running")
      yield* deployer.delete("lasting")
    })
  )
})
