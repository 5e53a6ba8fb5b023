import * as Effect from "effect/Effect"
import type * as Settings from "../Settings.js"
import type { Change } from "./Change.js"
import { awaitHealthy } from "./Health.js"
import { currentInstance } from "./Kit.js"

/**
 * Starts the accepted generation again after a change that had to stop it first has failed. If that fails too, it is
 * logged: the next refresh writes down what is left.
 *
 * @category flows
 * @since 0.1.0
 */
export const restoreOld = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>({
  before,
  journal,
  kit
}: Change<S, SI>): Effect.Effect<void> => {
  const instance = currentInstance(before)
  return Effect.gen(function* () {
    const old = yield* kit.requests.stored(before)
    const started = yield* kit.backend.provision({
      ...instance,
      ...old,
      registryId: kit.deployments.registryId,
      authKeyDigests: before.authKey === undefined ? [] : [before.authKey.digest],
      previous: before.deployment.metadata
    })
    const state = yield* awaitHealthy(kit, instance, old.settings.serving, started.metadata).pipe(
      Effect.timeout(old.settings.timeoutMillis)
    )
    yield* kit.deployments.observe(instance.deploymentId, instance.generation, state)
    yield* journal.emit("old_instance_restored", { generation: instance.generation, url: state.url })
  }).pipe(
    Effect.catchAll((error) =>
      Effect.logError(`Generation ${instance.generation} had to stop and could not be started again`, error)
    )
  )
}
