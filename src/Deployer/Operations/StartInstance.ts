import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { OperationalState } from "../../Deployment.js"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import type * as Settings from "../../Settings.js"
import type { ProvisionError } from "../Contract.js"
import { currentInstance } from "../DeployerContext.js"
import { awaitHealthy, awaitStandby, type InstanceEnded, stayHealthy } from "./HealthGate.js"
import { newInstance, type ProvisionContext, recordOf, replacesServing } from "./ProvisionContext.js"

/**
 * Starts the new instance of a change and waits until it is healthy, and has been for as long as one must that replaces a
 * serving one, within the deadline of its settings, which begins when everything is prepared.
 */
export const bringUp = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>
): Effect.Effect<OperationalState, ProvisionError> => {
  const { name, settings } = self.request
  const timeoutMillis = settings.timeoutMillis + windowOf(self)
  return Effect.flatMap(prepare(self), (request) =>
    Effect.timeoutFail(start(self, request), {
      duration: timeoutMillis,
      onTimeout: () => new DeploymentTimeout({ name, operation: "provision", timeoutMillis, logs: [] })
    })
  )
}

// internal

const prepare = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>
): Effect.Effect<ProvisionRequest<S>, ProvisionError> => {
  const request = provisionRequest(self)
  const { prepare } = self.kit.backend
  return prepare === undefined
    ? Effect.succeed(request)
    : Effect.map(prepare({ ...request, standby: self.exclusive }, self.journal.emit), (prepared) => ({
        ...request,
        prepared
      }))
}

const start = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>,
  prepared: ProvisionRequest<S>
): Effect.Effect<OperationalState, ProvisionError> =>
  Effect.gen(function* () {
    const { journal, kit, request } = self
    const forMillis = windowOf(self)
    const { gapMillis, metadata, seen } = yield* self.exclusive ? takePlace(self, prepared) : launch(self, prepared)
    const instance = newInstance(self)
    const state = yield* stayHealthy(kit, instance, request.settings.serving, metadata, { seen, forMillis })
    yield* journal.emit("healthy", { url: state.url, ...(gapMillis === undefined ? {} : { gapMillis }) })
    return state
  }).pipe(
    Effect.catchTag("InstanceEnded", ({ reason }) =>
      Effect.fail(new DeploymentProvisionFailed({ name: self.request.name, reason, logs: [] }))
    )
  )

/** An instance that was seen healthy, what was known of it when it was started, and how long nobody served. */
interface Launched {
  readonly seen: OperationalState
  readonly metadata: OperationalState["metadata"]
  readonly gapMillis?: number
}

type LaunchError = ProvisionError | InstanceEnded

const launch = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>,
  request: ProvisionRequest<S>
): Effect.Effect<Launched, LaunchError> =>
  Effect.gen(function* () {
    const metadata = yield* begin(self, request)
    return { metadata, seen: yield* healthy(self, metadata) }
  })

/**
 * The old instance has what the new one needs, such as a fixed port. It stops as late as possible: when the new one stands
 * by, if the flavor can do that.
 */
const takePlace = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>,
  request: ProvisionRequest<S>
): Effect.Effect<Launched, LaunchError> => {
  const { standsBy } = self.kit.backend
  return Effect.gen(function* () {
    if (standsBy === undefined) {
      const since = yield* Clock.currentTimeMillis
      yield* stopOld(self)
      const launched = yield* launch(self, request)
      return { ...launched, gapMillis: (yield* Clock.currentTimeMillis) - since }
    }
    const metadata = yield* begin(self, { ...request, standby: true })
    yield* awaitStandby(self.kit, standsBy, newInstance(self), metadata)
    const since = yield* Clock.currentTimeMillis
    const timed = Effect.zip(healthy(self, metadata), Clock.currentTimeMillis)
    const [[seen, at]] = yield* Effect.all([timed, stopOld(self)], { concurrency: 2 })
    return { metadata, seen, gapMillis: at - since }
  })
}

const begin = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>,
  request: ProvisionRequest<S>
) =>
  Effect.gen(function* () {
    const { journal, kit } = self
    const { metadata } = yield* kit.leases.fenced(self.lease)(kit.backend.provision(request))
    yield* journal.emit("instance_started", { generation: request.generation, metadata })
    const { timeoutMillis } = request.settings
    yield* journal.emit("health_waiting", { timeoutMillis, minHealthyMillis: windowOf(self) })
    return metadata
  })

const healthy = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>,
  metadata: OperationalState["metadata"]
) => awaitHealthy(self.kit, newInstance(self), self.request.settings.serving, metadata)

const windowOf = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>
): number => (replacesServing(self) ? self.request.settings.minHealthyMillis : 0)

/** Uninterruptible: once it is told to stop, it is stopped, and has to be restored if the change fails. */
const stopOld = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>({
  before,
  journal,
  kit,
  lease,
  oldStopped,
  request
}: ProvisionContext<S, SI>) =>
  Effect.gen(function* () {
    const { generation, metadata } = before.deployment
    yield* kit.leases.fenced(lease)(
      Effect.zipRight(
        Ref.set(oldStopped, true),
        kit.backend.deprovision(currentInstance(before), metadata, { grace: request.settings.stopGraceMillis })
      )
    )
    yield* journal.emit("old_instance_stopped", { generation })
  }).pipe(
    Effect.catchTag("DeploymentDeprovisionFailed", ({ reason }) =>
      Effect.fail(
        new DeploymentProvisionFailed({
          name: request.name,
          reason: `the old instance, which holds what the new one needs, could not be stopped: ${reason}`,
          logs: []
        })
      )
    ),
    Effect.uninterruptible
  )

const provisionRequest = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>
): ProvisionRequest<S> => ({
  ...newInstance(self),
  registryId: self.kit.deployments.registryId,
  snapshot: self.request.snapshot,
  settings: self.request.settings,
  authKeyDigests: self.auth.authKey === undefined ? [] : [self.auth.authKey.digest],
  record: recordOf(self.kit, newInstance(self), {
    snapshot: self.request.snapshot,
    settings: self.request.encoded,
    authKey: self.auth.authKey
  }),
  secrets: self.request.secrets,
  previous: self.before.deployment.generation > 0 ? self.before.deployment.metadata : undefined
})
