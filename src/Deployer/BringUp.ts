import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { OperationalState } from "../Deployment.js"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../Errors/Lifecycle.js"
import type * as Settings from "../Settings.js"
import type { ProvisionRequest } from "./Backend.js"
import { type Change, newInstance, recordOf, replacesServing } from "./Change.js"
import type { ProvisionError } from "./Contract.js"
import { awaitHealthy, stayHealthy } from "./Health.js"
import { currentInstance } from "./Kit.js"

/**
 * Starts the new instance of a change and waits until it is healthy, and has been for as long as one must that replaces a
 * serving one, within the deadline of its settings, which begins when everything is prepared.
 *
 * @category flows
 * @since 0.1.0
 */
export const bringUp = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: Change<S, SI>
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
  self: Change<S, SI>
): Effect.Effect<ProvisionRequest<S>, ProvisionError> => {
  const request = provisionRequest(self)
  const { prepare } = self.kit.backend
  return prepare === undefined
    ? Effect.succeed(request)
    : Effect.map(prepare(request, self.journal.emit), (prepared) => ({ ...request, prepared }))
}

const start = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: Change<S, SI>,
  prepared: ProvisionRequest<S>
): Effect.Effect<OperationalState, ProvisionError> =>
  Effect.gen(function* () {
    const { journal, kit, request } = self
    const { serving, timeoutMillis } = request.settings
    const instance = newInstance(self)
    const forMillis = windowOf(self)
    const stoppedAt = self.exclusive ? yield* stopOld(self) : undefined
    const { metadata } = yield* kit.leases.fenced(self.lease)(kit.backend.provision(prepared))
    yield* journal.emit("instance_started", { generation: instance.generation, metadata })
    yield* journal.emit("health_waiting", { timeoutMillis, minHealthyMillis: forMillis })
    const seen = yield* awaitHealthy(kit, instance, serving, metadata)
    const gap = stoppedAt === undefined ? {} : { gapMillis: (yield* Clock.currentTimeMillis) - stoppedAt }
    const state = yield* stayHealthy(kit, instance, serving, metadata, { seen, forMillis })
    yield* journal.emit("healthy", { url: state.url, ...gap })
    return state
  }).pipe(
    Effect.catchTag("InstanceEnded", ({ reason }) =>
      Effect.fail(new DeploymentProvisionFailed({ name: self.request.name, reason, logs: [] }))
    )
  )

const windowOf = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(self: Change<S, SI>): number =>
  replacesServing(self) ? self.request.settings.minHealthyMillis : 0

/**
 * Answers since when callers are refused. Uninterruptible, so that it is known whether the old instance has to be
 * restored.
 */
const stopOld = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>({
  before,
  journal,
  kit,
  lease,
  request
}: Change<S, SI>) =>
  Effect.gen(function* () {
    const { generation, metadata } = before.deployment
    const since = yield* Clock.currentTimeMillis
    yield* kit.leases.fenced(lease)(
      kit.backend.deprovision(currentInstance(before), metadata, { grace: request.settings.stopGraceMillis })
    )
    yield* journal.emit("old_instance_stopped", { generation })
    return since
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
  self: Change<S, SI>
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
