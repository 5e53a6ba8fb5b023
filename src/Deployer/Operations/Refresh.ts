import * as Effect from "effect/Effect"
import type { Deployment } from "../../Deployment.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { RefreshError } from "../Contract.js"
import { type DeployerContext, requireDeployment } from "../DeployerContext.js"
import * as CrashRecovery from "./CrashRecovery.js"
import { look, note } from "./Observe.js"

/**
 * Observes a deployment and writes its state into the registry. If the engine does not answer, the last known state stays
 * and `unknownSince` is set: unknown is not absent. A provision whose process died is ended first, if the engine answers. A
 * status that cannot follow the last one (a stopped deployment does not fail) is not written.
 */
export const refresh = (context: DeployerContext, ref: string): Effect.Effect<Deployment, RefreshError> =>
  requireDeployment(context.deployments, ref).pipe(
    Effect.flatMap(context.requests.owned),
    Effect.tap((record) => Effect.ignoreLogged(CrashRecovery.recoverCrashed(context, record))),
    Effect.flatMap((record) => observe(context, record))
  )

/** The same for a record of this deployer. */
export const observe = (context: DeployerContext, record: DeploymentRecord): Effect.Effect<Deployment, StoreError> =>
  record.deployment.generation === 0
    ? Effect.succeed(record.deployment)
    : Effect.flatMap(look(context, record), (seen) => note(context, record.deployment, seen))
