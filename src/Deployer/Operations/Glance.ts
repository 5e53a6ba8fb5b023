/** Deployments as last observed, corrected by a look that costs next to nothing. Nothing is written. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployment, type OperationalState } from "../../Deployment.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { Service } from "../Contract.js"
import { currentInstance, type DeployerContext } from "../DeployerContext.js"

/** Selects deployments, sorted by name. */
type Page = NonNullable<Parameters<Service["list"]>[0]>

/**
 * The deployments of the registry; with a status only those that have it now. With a limit, the registry reads no more rows
 * than it returns; with a status, too, it reads pages until it has found as many.
 */
export const list = (
  context: DeployerContext,
  { after, limit, status }: Page = {}
): Effect.Effect<ReadonlyArray<Deployment>, StoreError> =>
  context.backend.glance === undefined
    ? Effect.map(context.deployments.list({ status, limit, after }), (records) => records.map((one) => one.deployment))
    : status === undefined || limit === undefined
      ? Effect.map(glances(context, { limit, after, status: recordedOf(status) }), (page) =>
          page.filter(hasStatus(status))
        )
      : firstOnes(context, status, limit, after)

/** One deployment of the registry. */
export const glance = ({ backend }: DeployerContext, record: DeploymentRecord): Effect.Effect<Deployment> => {
  const { deployment } = record
  const { deployer, generation, metadata, status } = deployment
  const isOurs = deployer.flavor === backend.flavor && deployer.name === backend.name
  const mayRun = generation > 0 && mayChange.includes(status)
  return backend.glance === undefined || !isOurs || !mayRun
    ? Effect.succeed(deployment)
    : Effect.map(
        backend.glance(currentInstance(record), metadata),
        Option.match({ onNone: () => deployment, onSome: (seen) => corrected(deployment, seen) })
      )
}

// internal

const hasStatus =
  (status: Page["status"]) =>
  (one: Deployment): boolean =>
    status === undefined || one.status === status

/** The recorded statuses that a look may correct. */
const mayChange: ReadonlyArray<Deployment["status"]> = ["running", "pending"]

/** The recorded statuses of the deployments that may have a status now: no other row is read. */
const recordedOf = (status: Page["status"]) => (status === undefined ? undefined : [...new Set([status, ...mayChange])])

type Rows = Pick<Page, "limit" | "after"> & { readonly status?: ReadonlyArray<Deployment["status"]> | undefined }

const glances = (context: DeployerContext, page: Rows) =>
  Effect.flatMap(context.deployments.list(page), (records) =>
    Effect.forEach(records, (record) => glance(context, record))
  )

/** The rows of a page of the registry, whose statuses are known after a look only. */
const rowsAtOnce = 200

const firstOnes = (
  context: DeployerContext,
  status: Deployment["status"],
  limit: number,
  after: string | undefined
): Effect.Effect<ReadonlyArray<Deployment>, StoreError> =>
  Effect.flatMap(glances(context, { limit: rowsAtOnce, after, status: recordedOf(status) }), (page) => {
    const found = page.filter(hasStatus(status)).slice(0, limit)
    const last = page.at(-1)
    return found.length === limit || last === undefined || page.length < rowsAtOnce
      ? Effect.succeed(found)
      : Effect.map(firstOnes(context, status, limit - found.length, last.name), (rest) => [...found, ...rest])
  })

const corrected = ({ reason: _, url: __, ...deployment }: Deployment, seen: OperationalState): Deployment =>
  new Deployment({
    ...deployment,
    status: seen.status,
    metadata: seen.metadata,
    ...(seen.url === undefined ? {} : { url: seen.url }),
    ...(seen.reason === undefined ? {} : { reason: seen.reason })
  })
