/**
 * The backend as the flows of a deployer see it. The flows are the same for every flavor: they read the settings every
 * flavor has and hand the rest through.
 */
import type * as Brand from "effect/Brand"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { EngineUnavailable, OutcomeUnknown } from "../Errors/Lifecycle.js"
import type { Backend, Instance } from "../Flavor/Backend.js"
import { timeoutFail } from "../Internal/Deadline.js"
import type * as Settings from "../Settings.js"

/** Settings that the backend's own Schema decoded. The flows see the common fields, the backend all of them. */
export type DecodedSettings = Settings.Deployment & Brand.Brand<"effect-deployers/DecodedSettings">

/** A backend whose own settings are opaque. */
export type ErasedBackend = Backend<DecodedSettings, Settings.DeploymentInput>

/**
 * Hides the settings of a backend, and gives every call of it an end: a call without an answer fails with
 * `EngineUnavailable`, a change without an answer with `OutcomeUnknown`, also in an uninterruptible region.
 */
export const erase = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: Backend<S, SI>
): ErasedBackend =>
  // Sound because only this backend's Schema makes values of the brand: what it receives, it has decoded itself.
  bounded(backend as unknown as ErasedBackend)

// internal

/** Longer than the deadlines of the operations around it, which say more about what happened. */
const patience = Duration.seconds(60)

const bounded = (backend: ErasedBackend): ErasedBackend => {
  const { flavor, logs, refresh, standsBy } = backend
  const silent = (operation: string) =>
    new EngineUnavailable({ flavor, operation, reason: `it did not answer within ${Duration.format(patience)}` })
  const answered = (operation: string) => timeoutFail({ duration: patience, onTimeout: () => silent(operation) })
  const ended = (operation: string, instance: Pick<Instance, "name">, grace: Duration.DurationInput = 0) =>
    timeoutFail({
      duration: Duration.sum(grace, patience),
      onTimeout: () => new OutcomeUnknown({ operation, resource: `deployment "${instance.name}"` })
    })
  return {
    ...backend,
    state: (instance, metadata) => answered("observe an instance")(backend.state(instance, metadata)),
    inventory: answered("list what exists")(backend.inventory),
    deprovision: (instance, metadata, options) =>
      ended("stop an instance", instance, options.grace)(backend.deprovision(instance, metadata, options)),
    destroy: (deployment) => ended("remove a deployment", deployment)(backend.destroy(deployment)),
    logs: (instance, options) => {
      const lines = logs(instance, options)
      return options.follow === true ? lines : boundedPulls(lines, () => silent("read a log"))
    },
    ...(refresh === undefined ? {} : { refresh: (instance) => answered("refresh an instance")(refresh(instance)) }),
    ...(standsBy === undefined
      ? {}
      : { standsBy: (instance, metadata) => answered("observe an instance")(standsBy(instance, metadata)) })
  }
}

const boundedPulls = <A, E, E2>(lines: Stream.Stream<A, E>, onTimeout: () => E2): Stream.Stream<A, E | E2> =>
  Stream.fromPull(
    Effect.map(Stream.toPull(lines), (pull) =>
      timeoutFail({ duration: patience, onTimeout: () => Option.some<E | E2>(onTimeout()) })(pull)
    )
  )
