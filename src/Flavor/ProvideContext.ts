import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Settings from "../Settings.js"
import type { Backend } from "./Backend.js"

/**
 * A backend whose operations have their services: `Deployer.make` takes only such.
 *
 * @category combining
 * @since 0.1.0
 */
export const provideContext = <S extends Settings.Deployment, SI extends Settings.DeploymentInput, R>(
  backend: Backend<S, SI, R>,
  context: Context.Context<R>
): Backend<S, SI> => {
  const given = Effect.provide(context)
  const { changes, prepare, refresh, standsBy } = backend
  return {
    ...backend,
    prepare: prepare && ((request, progress) => given(prepare(request, progress))),
    standsBy: standsBy && ((instance, metadata) => given(standsBy(instance, metadata))),
    provision: (request) => given(backend.provision(request)),
    state: (instance, metadata) => given(backend.state(instance, metadata)),
    logs: (instance, options) => Stream.provideContext(backend.logs(instance, options), context),
    deprovision: (instance, metadata, options) => given(backend.deprovision(instance, metadata, options)),
    destroy: (deployment) => given(backend.destroy(deployment)),
    inventory: given(backend.inventory),
    changes: changes && Stream.provideContext(changes, context),
    refresh: refresh && ((instance) => given(refresh(instance)))
  }
}
