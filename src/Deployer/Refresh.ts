import * as Effect from "effect/Effect"
import type { Deployment } from "../Deployment.js"
import type { StoreError } from "../Errors/Stores.js"
import type * as Settings from "../Settings.js"
import type { DeploymentRecord } from "../Store/DeploymentStore.js"
import * as Abandoned from "./Abandoned.js"
import type { RefreshError } from "./Contract.js"
import { type Kit, requireDeployment } from "./Kit.js"
import { look, note } from "./Observe.js"

/**
 * Observes a deployment and writes down what was seen. If the engine cannot be asked, the last known state stays and
 * the time since when it is uncertain is noted: unknown is not absent. A provision whose process died is taken back first,
 * if the engine allows. A status that cannot follow the last one (a deployment that was taken down does not fail) is not
 * written.
 *
 * @category flows
 * @since 0.1.0
 */
export const refresh = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  ref: string
): Effect.Effect<Deployment, RefreshError> =>
  requireDeployment(kit.deployments, ref).pipe(
    Effect.flatMap(kit.requests.owned),
    Effect.tap((record) => Effect.ignoreLogged(Abandoned.takeBack(kit, record))),
    Effect.flatMap((record) => observe(kit, record))
  )

/**
 * The same for a record at hand that is known to be this deployer's.
 *
 * @category flows
 * @since 0.1.0
 */
export const observe = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: Kit<S, SI>,
  record: DeploymentRecord
): Effect.Effect<Deployment, StoreError> =>
  record.deployment.generation === 0
    ? Effect.succeed(record.deployment)
    : Effect.flatMap(look(kit, record), (seen) => note(kit, record.deployment, seen))
