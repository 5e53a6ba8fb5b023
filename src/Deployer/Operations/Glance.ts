/** Deployments as last observed, corrected by a look that costs next to nothing. Nothing is written. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployment, type OperationalState } from "../../Deployment.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import { currentInstance, type DeployerContext } from "../DeployerContext.js"

/** The deployments of the registry; with a status only those that have it now. */
export const list = (
  context: DeployerContext,
  { status }: { readonly status?: Deployment["status"] | undefined } = {}
): Effect.Effect<ReadonlyArray<Deployment>, StoreError> =>
  context.deployments.list(context.backend.glance === undefined ? { status } : {}).pipe(
    Effect.flatMap((records) => Effect.forEach(records, (record) => glance(context, record))),
    Effect.map((deployments) => deployments.filter((one) => status === undefined || one.status === status))
  )

/** One deployment of the registry. */
export const glance = ({ backend }: DeployerContext, record: DeploymentRecord): Effect.Effect<Deployment> => {
  const { deployment } = record
  const { deployer, generation, metadata, status } = deployment
  const isOurs = deployer.flavor === backend.flavor && deployer.name === backend.name
  const mayRun = generation > 0 && (status === "running" || status === "pending")
  return backend.glance === undefined || !isOurs || !mayRun
    ? Effect.succeed(deployment)
    : Effect.map(
        backend.glance(currentInstance(record), metadata),
        Option.match({ onNone: () => deployment, onSome: (seen) => corrected(deployment, seen) })
      )
}

// internal

const corrected = ({ reason: _, url: __, ...deployment }: Deployment, seen: OperationalState): Deployment =>
  new Deployment({
    ...deployment,
    status: seen.status,
    metadata: seen.metadata,
    ...(seen.url === undefined ? {} : { url: seen.url }),
    ...(seen.reason === undefined ? {} : { reason: seen.reason })
  })
