/** The in-memory flavor, to be simulated: each call of its backend is an effect point. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Faults from "../../Testing/Faults.js"
import * as InMemoryBackend from "../../Testing/InMemoryBackend.js"
import * as InMemoryEngine from "../../Testing/InMemoryEngine.js"
import type { Flavor, Reality } from "./Flavor.js"

/**
 * Simulates deployers of the in-memory flavor.
 *
 * @category constants
 * @since 0.1.0
 */
export const inMemory: Flavor<InMemoryBackend.InMemorySettings, InMemoryBackend.InMemorySettingsInput> = {
  name: "in memory",
  fixedPort: { port: 8_080 },
  general: (deployer) => deployer,
  make: Effect.gen(function* () {
    const context = yield* Layer.build(InMemoryEngine.layer)
    const engine = Context.get(context, InMemoryEngine.InMemoryEngine)
    let mutations = 0
    const foreign = { untouched: true }
    const change = (key: string, to: Partial<Pick<InMemoryEngine.InMemoryInstance, "alive" | "paused">>) =>
      Effect.sync(() => {
        Object.assign(engine.instances.get(key) ?? {}, to)
      })
    return {
      http: Context.get(context, HttpClient.HttpClient),
      backend: (faults, watch) =>
        Effect.map(
          Effect.provideService(InMemoryBackend.make({ defaults: brief }), InMemoryEngine.InMemoryEngine, engine),
          (raw) =>
            faults.wrap(
              "engine",
              watch({
                ...raw,
                provision: (request) => Effect.tap(raw.provision(request), () => Effect.sync(() => ++mutations)),
                deprovision: (instance, metadata, options) =>
                  Effect.tap(raw.deprovision(instance, metadata, options), () => Effect.sync(() => ++mutations)),
                destroy: (deployment) => Effect.tap(raw.destroy(deployment), () => Effect.sync(() => ++mutations))
              }),
              Faults.backend()
            )
        ),
      instances: Effect.map(Clock.currentTimeMillis, (now) =>
        Array.from(engine.instances.values()).map((instance) => realityOf(instance, now))
      ),
      mutations: Effect.sync(() => mutations),
      leftovers: (id) =>
        Effect.sync(() => Array.from(engine.instances.keys()).filter((key) => key.startsWith(`${id}/`))),
      behave: engine.behave,
      kill: (key) => change(key, { alive: false }),
      remove: (key) => Effect.sync(() => void engine.instances.delete(key)),
      pause: (key) => change(key, { paused: true }),
      unpause: (key) => change(key, { paused: false }),
      restart: () =>
        Effect.sync(() => {
          for (const instance of engine.instances.values()) instance.alive = false
        }),
      foreignIsUntouched: Effect.sync(() => foreign.untouched),
      harmForeign: Effect.sync(() => {
        foreign.untouched = false
      })
    }
  })
}

// internal

/** Long enough to be gone through, and no longer. */
const brief = { minHealthyMillis: 500, oldInstanceGraceMillis: 200 }

const realityOf = (instance: InMemoryEngine.InMemoryInstance, now: number): Reality => ({
  key: instance.key,
  deploymentId: instance.request.deploymentId,
  generation: instance.request.generation,
  status: !instance.alive ? "ended" : instance.paused === true ? "paused" : "running",
  answers: InMemoryEngine.answers(instance, now),
  flaky: instance.behaviour === "flaky"
})
