import * as Effect from "effect/Effect"
import type { Deployment } from "../../Deployment.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { RefreshError } from "../Contract.js"
import { type DeployerContext, requireDeployment } from "../DeployerContext.js"
import * as CrashRecovery from "./CrashRecovery.js"
import { look, note } from "./Observe.js"

/**
 * Observes a deployment and writes down what was seen. If the engine cannot be asked, the last known state stays and
 * the time since when it is uncertain is noted: unknown is not absent. A provision whose process died is taken back first,
 * if the engine allows. A status that cannot follow the last one (a deployment that was taken down does not fail) is not
 * written.
 */
export const refresh = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  ref: string
): Effect.Effect<Deployment, RefreshError> =>
  requireDeployment(kit.deployments, ref).pipe(
    Effect.flatMap(kit.requests.owned),
    Effect.tap((record) => Effect.ignoreLogged(CrashRecovery.takeBack(kit, record))),
    Effect.flatMap((record) => observe(kit, record))
  )

/** The same for a record at hand that is known to be this deployer's. */
export const observe = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  record: DeploymentRecord
): Effect.Effect<Deployment, StoreError> =>
  record.deployment.generation === 0
    ? Effect.succeed(record.deployment)
    : Effect.flatMap(look(kit, record), (seen) => note(kit, record.deployment, seen))
