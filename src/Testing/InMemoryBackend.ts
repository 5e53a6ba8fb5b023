/** The backend of the in-memory flavor. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { LogLine, OperationalState } from "../Deployment.js"
import { DeploymentInvalidSettings } from "../Errors/Input.js"
import { DeploymentLogsNotFound, EngineUnavailable, PortUnavailable } from "../Errors/Lifecycle.js"
import type { BackendWithCanary } from "../Flavor/Backend.js"
import type { Instance, ProvisionRequest } from "../Flavor/Instance.js"
import type * as InstanceRecord from "../Flavor/InstanceRecord.js"
import * as Settings from "../Settings.js"
import { InMemoryEngine, type InMemoryInstance } from "./InMemoryEngine.js"

/**
 * Everything that can be set for the in-memory flavor.
 *
 * @category schemas
 * @since 0.1.0
 */
export const InMemorySettings = Schema.Struct({
  ...Settings.Deployment.fields,
  /** Default 0: instances do not flap by themselves, and tests need not move a clock. */
  minHealthyMillis: Schema.optionalWith(Schema.NonNegativeInt, { default: () => 0 }),
  /** Default 0, for the same reason. */
  oldInstanceGraceMillis: Schema.optionalWith(Schema.NonNegativeInt, { default: () => 0 }),
  /** A fixed port, to try what happens when two generations need the same one. */
  port: Schema.optional(Schema.Int)
})

export type InMemorySettings = typeof InMemorySettings.Type

/**
 * Settings of an in-memory deployment as given; everything has a default.
 *
 * @category models
 * @since 0.1.0
 */
export type InMemorySettingsInput = typeof InMemorySettings.Encoded

/**
 * Makes the backend; `name` (default `default`) and `defaults` are those of the deployer made of it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: { readonly name?: string | undefined; readonly defaults?: InMemorySettingsInput | undefined } = {}
): Effect.Effect<BackendWithCanary<InMemorySettings, InMemorySettingsInput>, never, InMemoryEngine> =>
  Effect.map(InMemoryEngine, (engine) => {
    const keyOf = ({ deploymentId, generation }: Instance) => `${deploymentId}/${generation}`
    const reached = (operation: string) =>
      Effect.flatMap(engine.isReachable, (reachable) =>
        reachable
          ? Effect.void
          : Effect.fail(new EngineUnavailable({ flavor: "memory", operation, reason: "it was switched off" }))
      )
    const kept = (previous: ProvisionRequest<InMemorySettings>["previous"]) =>
      typeof previous?.port === "number" && !portTaken(previous.port) ? previous.port : undefined
    const portTaken = (port: number) =>
      Array.from(engine.instances.values()).some((one) => one.alive && one.port === port)

    return {
      flavor: "memory",
      name: options.name ?? "default",
      settings: InMemorySettings,
      defaults: options.defaults ?? {},
      exclusive: (old, { port }) => port !== undefined && old.metadata.port === port,
      provision: (request) =>
        Effect.gen(function* () {
          yield* reached("start an instance")
          const key = keyOf(request)
          const running = engine.instances.get(key)
          if (running?.alive === true && running.request.share !== undefined && request.previous?.key === key) {
            // The parts of a candidate change without a restart.
            engine.instances.set(key, { ...running, request: { ...running.request, record: request.record } })
            return new OperationalState({ status: "pending", metadata: { key, port: running.port } })
          }
          yield* engine.stop(key, 0)
          const { port } = request.settings
          if (port !== undefined && portTaken(port)) return yield* new PortUnavailable({ name: request.name, port })
          const instance: InMemoryInstance = {
            key,
            request,
            port: port ?? kept(request.previous) ?? (yield* engine.nextPort),
            behaviour: yield* engine.behaviourOf(request.snapshot.pipelineName),
            alive: true,
            startedAt: yield* Clock.currentTimeMillis,
            logs: [{ at: yield* Clock.currentTimeMillis, text: `serving generation ${request.generation}` }]
          }
          if (instance.behaviour === "crashes") {
            instance.logs.push({ at: yield* Clock.currentTimeMillis, text: "something went wrong" })
            instance.alive = false
          }
          engine.instances.set(key, instance)
          engine.intakes.set(request.deploymentId, request.intake)
          yield* engine.serve(instance)
          return new OperationalState({ status: "pending", metadata: { key, port: instance.port } })
        }),
      state: (instance) =>
        Effect.map(reached("look at an instance"), () => observed(engine.instances.get(keyOf(instance)))),
      updateIntake: ({ deploymentId }, intake) =>
        Effect.map(reached("change the intake"), () => engine.intakes.set(deploymentId, intake)),
      inventory: Effect.map(reached("look what there is"), () => ({
        engineId: undefined,
        found: Array.from(engine.instances.values()).map(({ key, request }) => ({
          deploymentId: request.deploymentId,
          generation: request.generation,
          registryId: request.registryId,
          atHome: true,
          resource: `instance ${key}`,
          madeAt: undefined,
          record: withIntake(request.record, engine.intakes.of(request.deploymentId))
        }))
      })),
      logs: (instance, { since = 0, tail }) =>
        Stream.unwrap(
          Effect.map(reached("read a log"), () => {
            const found = engine.instances.get(keyOf(instance))
            if (found === undefined) {
              return Stream.fail(new DeploymentLogsNotFound({ name: instance.name, reason: "no instance was started" }))
            }
            const lines = found.logs.filter(({ at }) => at >= since)
            return Stream.fromIterable(lines.slice(tail === undefined ? 0 : Math.max(0, lines.length - tail))).pipe(
              Stream.map(({ at, text }) => new LogLine({ at: DateTime.unsafeMake(at), text }))
            )
          })
        ),
      deprovision: (instance, _metadata, { grace }) =>
        Effect.zipRight(reached("stop an instance"), engine.stop(keyOf(instance), Duration.toMillis(grace))),
      canary: {
        share: ({ percent, settings }) =>
          Number.isInteger(percent) && settings.port === undefined
            ? Effect.succeed({ parts: percent, of: 100, unit: "requests" })
            : Effect.fail(
                new DeploymentInvalidSettings({ issues: [{ path: "canary", reason: "must be a whole percentage" }] })
              ),
        lead: (accepted, candidate, share) =>
          Effect.map(reached("lead callers to a candidate"), () => {
            engine.shares.set(keyOf(accepted), { candidate: keyOf(candidate), share })
          }),
        end: ({ deploymentId }) =>
          Effect.map(reached("lead callers to an instance"), () => {
            for (const key of engine.shares.keys()) if (key.startsWith(`${deploymentId}/`)) engine.shares.delete(key)
          })
      },
      destroy: ({ deploymentId }) =>
        Effect.gen(function* () {
          yield* reached("remove a deployment")
          const keys = Array.from(engine.instances.keys()).filter((key) => key.startsWith(`${deploymentId}/`))
          yield* Effect.forEach(keys, (key) => engine.stop(key, 0), { discard: true })
          yield* engine.removeRuns(deploymentId)
        })
    }
  })

// internal

const withIntake = (
  { intake: _, ...record }: InstanceRecord.InstanceRecord,
  intake: InstanceRecord.InstanceRecord["intake"]
): InstanceRecord.InstanceRecord => ({ ...record, ...(intake === undefined ? {} : { intake }) })

const observed = (instance: InMemoryInstance | undefined): OperationalState => {
  if (instance === undefined) return new OperationalState({ status: "absent", metadata: {} })
  const metadata = { key: instance.key, port: instance.port }
  if (instance.paused === true) {
    return new OperationalState({
      status: "pending",
      metadata: { ...metadata, paused: true },
      reason: "the instance is paused"
    })
  }
  return instance.alive
    ? new OperationalState({ status: "running", url: `http://127.0.0.1:${instance.port}`, metadata })
    : new OperationalState({ status: "error", metadata, reason: "the instance ended by itself" })
}
