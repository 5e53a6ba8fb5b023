import { assert, layer } from "@effect/vitest"
import { Cause, Clock, Console, Context, Deferred, Effect, Exit, Layer, Option, Ref, Schedule } from "effect"
import { Client, Errors } from "effect-deployers"
import { startPrivate } from "../../scripts/engine.mjs"
import type { EventType } from "../../src/Deployment/DeploymentEvent.js"
import * as DockerDeployer from "../../src/Docker/DockerDeployer.js"
import * as Labels from "../../src/Docker/Labels.js"
import * as Ports from "../../src/Flavor/Ports.js"
import type { Snapshot } from "../../src/Snapshot/Model.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { EventStore } from "../../src/Store/EventStore.js"
import { first as pipeline } from "../pipelines/paced.js"
import { census, fromFile, layerDocker } from "./DockerFixture.js"

/** An engine of the test's own, to break. */
class PrivateEngine extends Context.Tag("test/PrivateEngine")<
  PrivateEngine,
  Awaited<ReturnType<typeof startPrivate>>
>() {}

/** Runs in the middle of an operation, at each of its events. */
class Interference extends Context.Tag("test/Interference")<
  Interference,
  Ref.Ref<(type: EventType) => Effect.Effect<void>>
>() {}

const layerEngine = Layer.merge(
  Layer.scoped(
    PrivateEngine,
    Effect.acquireRelease(
      Effect.promise(() => startPrivate()),
      (engine) => Effect.promise(() => engine.dispose())
    )
  ),
  Layer.effect(
    Interference,
    Ref.make<(type: EventType) => Effect.Effect<void>>(() => Effect.void)
  )
)

/** The operation does not go on before the interference is over. */
const layerEvents = Layer.effect(
  EventStore,
  Effect.gen(function* () {
    const store = yield* EventStore
    const interference = yield* Interference
    return {
      ...store,
      append: (event) =>
        Effect.tap(store.append(event), () =>
          Effect.flatMap(Ref.get(interference), (interfere) => interfere(event.type))
        )
    }
  })
)

const layerBreakable = DockerDeployer.layer().pipe(
  Layer.provide([layerEvents, Ports.layer]),
  Layer.provideMerge(Layer.unwrapEffect(Effect.map(PrivateEngine, ({ host }) => layerDocker(Effect.succeed(host))))),
  Layer.provideMerge(layerEngine)
)

const name = "shaken"
const within = (time: "20 seconds") => Schedule.spaced("100 millis").pipe(Schedule.upTo(time))

/** Kills the engine at an event and starts it again while the operation goes on; waits for that. */
const killedAt = <A, E, R>(step: EventType, operation: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const engine = yield* PrivateEngine
    const interference = yield* Interference
    const back = yield* Deferred.make<number>()
    const restart = Effect.promise(() => engine.restart()).pipe(
      Effect.zipRight(Clock.currentTimeMillis),
      Effect.intoDeferred(back),
      Effect.delay("200 millis")
    )
    yield* Ref.set(interference, (type) =>
      type !== step
        ? Effect.void
        : Ref.set(interference, () => Effect.void).pipe(
            Effect.zipRight(Effect.promise(() => engine.kill())),
            Effect.zipRight(Effect.forkDaemon(restart))
          )
    )
    const exit = yield* Effect.exit(operation)
    return { exit, backAt: yield* Deferred.await(back) }
  })

const serving = Effect.map(Client.make(pipeline, name).invoke({ number: 1, millis: 1 }), ({ version }) => version)

layer(layerBreakable, { excludeTestServices: true, timeout: "4 minutes" })(
  "An engine killed during a replace",
  (it) => {
    it.effect(
      "never costs the deployment its last healthy generation, and one reconcile makes registry and engine equal",
      () =>
        Effect.gen(function* () {
          const deployer = yield* DockerDeployer.DockerDeployer
          const store = yield* DeploymentStore
          const one = yield* fromFile("paced.ts", "first")
          const two = yield* fromFile("paced.ts", "second")
          const unbuilt = yield* fromFile("mischievous.ts", "mischievous")
          const versions = new Map([
            [one.id, 1],
            [two.id, 2],
            [unbuilt.id, 666]
          ])
          yield* deployer.provision(two, { name })
          yield* deployer.provision(one, { name })

          const check = (step: EventType, snapshot: Snapshot) =>
            Effect.gen(function* () {
              const before = yield* deployer.get(name)
              const replace = deployer.provision(snapshot, {
                name,
                settings: { minHealthyMillis: 200, oldInstanceGraceMillis: 50, timeoutMillis: 20_000 }
              })
              const { backAt, exit } = yield* killedAt(step, replace)
              const failure = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
              assert.isTrue(Exit.isSuccess(exit) || Errors.isDeployersError(failure), `${step}: ${exit}`)

              yield* Effect.retry(serving, within("20 seconds"))
              const recovery = (yield* Clock.currentTimeMillis) - backAt
              yield* deployer.reconcile
              const after = yield* deployer.get(name)
              assert.strictEqual(after.generation > before.generation, Exit.isSuccess(exit), step)
              assert.deepStrictEqual([after.status, after.unknownSince], ["running", undefined], step)
              assert.strictEqual(yield* serving, versions.get(after.snapshot.id), step)
              assert.deepStrictEqual(
                (yield* census).containers.toSorted(),
                [
                  Labels.containerName({ deploymentId: after.id, generation: after.generation }),
                  Labels.doorName(after.id, Number(new URL(after.url ?? "").port))
                ].toSorted(),
                step
              )
              assert.deepStrictEqual(yield* store.openOperations, [], step)
              yield* Console.log(
                `killed at ${step}: ${failure === undefined ? "replaced" : failure._tag}, generation ${after.generation} serving ${recovery} ms after the engine was back`
              )
            })

          yield* check("lease_acquired", two)
          yield* check("intent_recorded", two)
          yield* check("image_built", unbuilt)
          yield* check("instance_started", two)
          yield* check("health_waiting", two)
          yield* check("healthy", two)
          yield* check("generation_committed", one)
          yield* check("old_instance_removed", two)
          yield* deployer.delete(name)
        }),
      300_000
    )
  }
)
