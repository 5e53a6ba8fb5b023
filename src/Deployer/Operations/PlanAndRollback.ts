import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import type { Deployment, Revision } from "../../Deployment.js"
import { DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import * as Settings from "../../Settings.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import {
  Plan,
  type PlanError,
  type ProvisionError,
  type ProvisionOptions,
  type RollbackError,
  type SnapshotRef
} from "../Contract.js"
import { type DeployerContext, requireDeployment } from "../DeployerContext.js"
import type { Request } from "../Requests.js"
import { provision } from "./Provision.js"
import { lastState, reference } from "./ProvisionContext.js"
import { observe } from "./Refresh.js"

/** What a provision would do. Reads only. */
export const plan = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  snapshot: SnapshotRef,
  options: ProvisionOptions<SI>
): Effect.Effect<Plan, PlanError> =>
  Effect.gen(function* () {
    const request = yield* kit.requests.provision(snapshot, options)
    const { existing } = request
    const revisions = existing === undefined ? [] : yield* kit.deployments.revisions(existing.deployment.id)
    const running = existing !== undefined && existing.deployment.status === "running"
    return new Plan({
      action: existing === undefined ? "create" : running ? "replace" : "restart",
      name: request.name,
      generation: 1 + revisions.reduce((highest, { generation }) => Math.max(highest, generation), 0),
      snapshot: reference(request.snapshot),
      changes: differences(existing?.settings ?? {}, request.encoded),
      gap: running && kit.backend.exclusive(lastState(existing), request.settings)
    })
  })

/** Provisions unless the deployment already runs that snapshot with those settings. */
export const getOrCreate = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  snapshot: SnapshotRef,
  options: ProvisionOptions<SI>
): Effect.Effect<Deployment, ProvisionError> =>
  Effect.gen(function* () {
    const request = yield* kit.requests.provision(snapshot, { ...options, replace: true })
    if (request.existing === undefined || options.authKey !== undefined || options.rotateAuthKey === true) {
      return yield* provision(kit, snapshot, options)
    }
    const now = yield* observe(kit, request.existing)
    return now.status === "running" && isSame(request.existing, request)
      ? now
      : yield* provision(kit, snapshot, options)
  })

/** Serves the last revision of a deployment again. */
export const reprovision = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  ref: string,
  options: Omit<ProvisionOptions<SI>, "name" | "replace"> & { readonly snapshot?: SnapshotRef | undefined } = {}
): Effect.Effect<Deployment, RollbackError> =>
  Effect.gen(function* () {
    const record = yield* requireDeployment(kit.deployments, ref)
    const last = yield* lastRevision(kit, record)
    const { snapshot, settings, ...rest } = options
    return yield* provision(kit, snapshot ?? last.snapshotId, {
      ...rest,
      name: record.deployment.id,
      settings: Settings.merge(last.settings as SI, settings ?? ({} as SI))
    })
  })

/** Serves an earlier accepted revision again, as a new generation. */
export const rollback = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  ref: string,
  options: { readonly to?: number | undefined } = {}
): Effect.Effect<Deployment, RollbackError> =>
  Effect.gen(function* () {
    const { deployment } = yield* requireDeployment(kit.deployments, ref)
    const revisions = yield* kit.deployments.revisions(deployment.id)
    const target = revisions.find(
      ({ generation, outcome }) =>
        outcome === "accepted" &&
        (options.to === undefined ? generation < deployment.generation : generation === options.to)
    )
    if (target === undefined) {
      return yield* new DeploymentProvisionFailed({
        name: deployment.name,
        reason:
          options.to === undefined
            ? "there is no accepted revision before the current one to roll back to"
            : `generation ${options.to} was never accepted, so there is nothing to roll back to`,
        logs: []
      })
    }
    return yield* provision(kit, target.snapshotId, { name: deployment.id, settings: target.settings as SI })
  })

// internal

/** Of a deployment that never had an accepted generation: the last one that was tried. */
const lastRevision = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  { deployment, settings }: DeploymentRecord
): Effect.Effect<Pick<Revision, "snapshotId" | "settings">, StoreError> =>
  deployment.generation > 0
    ? Effect.succeed({ snapshotId: deployment.snapshot.id, settings })
    : Effect.map(
        kit.deployments.revisions(deployment.id),
        ([newest]) => newest ?? { snapshotId: deployment.snapshot.id, settings: {} }
      )

const isSame = <S extends Settings.Deployment>(record: DeploymentRecord, request: Request<S>): boolean =>
  record.deployment.snapshot.id === request.snapshot.id && differences(record.settings, request.encoded).length === 0

const differences = (
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>
): ReadonlyArray<{ readonly path: string; readonly from?: unknown; readonly to?: unknown }> => {
  const before = flatten(from)
  const after = flatten(to)
  return Array.from(new Set([...before.keys(), ...after.keys()]))
    .filter((path) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)))
    .sort(Order.string)
    .map((path) => ({
      path,
      ...(before.has(path) ? { from: before.get(path) } : {}),
      ...(after.has(path) ? { to: after.get(path) } : {})
    }))
}

/** Leaves by dotted path; a list is a leaf. */
const flatten = (value: Readonly<Record<string, unknown>>, prefix = ""): Map<string, unknown> =>
  new Map(
    Object.entries(value).flatMap(
      ([key, inner]): Array<[string, unknown]> =>
        typeof inner === "object" && inner !== null && !Array.isArray(inner)
          ? Array.from(flatten(inner as Readonly<Record<string, unknown>>, `${prefix}${key}.`))
          : [[`${prefix}${key}`, inner]]
    )
  )
