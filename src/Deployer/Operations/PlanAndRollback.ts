import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import type { Deployment, Revision } from "../../Deployment.js"
import { DeploymentAlreadyExists, DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import * as Keep from "../../Settings/Keep.js"
import { stopGraceIssue, withoutDerived } from "../../Settings/StopGrace.js"
import * as Settings from "../../Settings.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import {
  Plan,
  type PlanError,
  type PlanOptions,
  type ProvisionError,
  type ProvisionOptions,
  type RollbackError,
  type SnapshotRef
} from "../Contract.js"
import { type DeployerContext, requireDeployment } from "../DeployerContext.js"
import type { Request } from "../Requests.js"
import { storedNames } from "../SecretSources.js"
import { preview } from "./Preview.js"
import { provision, provisionRequested } from "./Provision.js"
import { lastState, reference, warningsOf } from "./ProvisionContext.js"
import { observe } from "./Refresh.js"

/** The changes that a provision would make. Reads only. */
export const plan = (
  context: DeployerContext,
  snapshot: SnapshotRef,
  options: PlanOptions
): Effect.Effect<Plan, PlanError> =>
  Effect.gen(function* () {
    const request = yield* context.requests.provision(snapshot, options)
    const { existing } = request
    const revisions = existing === undefined ? [] : yield* context.deployments.revisions(existing.deployment.id)
    const running = existing !== undefined && existing.deployment.status === "running"
    const generation = 1 + revisions.reduce((highest, { generation }) => Math.max(highest, generation), 0)
    const changes = differences(existing?.settings ?? {}, request.encoded)
    const checks = options.check !== false
    return new Plan({
      action: existing === undefined ? "create" : running ? "replace" : "restart",
      name: request.name,
      generation,
      snapshot: reference(request.snapshot),
      changes,
      kept: Keep.paths(request.kept),
      changed: !(running && (yield* isSame(context, existing, request))),
      gap: running && context.backend.exclusive(lastState(existing), request.settings),
      warnings: yield* warningsOf(context, request),
      ...(options.preview === false ? {} : yield* preview(context, request, { generation, changes, checks }))
    })
  })

/** Provisions unless the deployment already runs that snapshot with those settings. */
export const getOrCreate = (
  context: DeployerContext,
  snapshot: SnapshotRef,
  options: ProvisionOptions
): Effect.Effect<Deployment, ProvisionError> =>
  Effect.gen(function* () {
    const request = yield* context.requests.provision(snapshot, { ...options, replace: true })
    const { existing } = request
    if (existing !== undefined && options.authKey === undefined && options.rotateAuthKey !== true) {
      const now = yield* observe(context, existing)
      if (now.status === "running" && (yield* isSame(context, existing, request))) return now
    }
    if (existing !== undefined && options.replace === false) {
      return yield* new DeploymentAlreadyExists({ name: existing.deployment.name })
    }
    return yield* provisionRequested(context, request, options)
  })

/** Serves the last revision of a deployment again. */
export const reprovision = (
  context: DeployerContext,
  ref: string,
  options: Omit<ProvisionOptions, "name" | "replace"> & { readonly snapshot?: SnapshotRef | undefined } = {}
): Effect.Effect<Deployment, RollbackError> =>
  Effect.gen(function* () {
    const record = yield* requireDeployment(context.deployments, ref)
    const last = yield* lastRevision(context, record)
    const { snapshot, settings, ...rest } = options
    const merged = overStored(last.settings, settings ?? {})
    const allowOtherPipeline = options.allowOtherPipeline ?? false
    const again = { ...rest, allowOtherPipeline, name: record.deployment.id, settings: merged }
    return yield* provision(context, snapshot ?? last.snapshotId, again, record)
  })

/** Serves an earlier accepted revision again, as a new generation. */
export const rollback = (
  context: DeployerContext,
  ref: string,
  options: { readonly to?: number | undefined } = {}
): Effect.Effect<Deployment, RollbackError> =>
  Effect.gen(function* () {
    const record = yield* requireDeployment(context.deployments, ref)
    const { deployment } = record
    const revisions = yield* context.deployments.revisions(deployment.id)
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
    const again = { name: deployment.id, settings: overStored(target.settings, {}), check: false }
    return yield* provision(context, target.snapshotId, again, record)
  })

// internal

/** The times of a stop that no call gave follow the new ones. */
const overStored = (
  stored: Readonly<Record<string, unknown>>,
  call: Readonly<Record<string, unknown>>
): Readonly<Record<string, unknown>> => {
  const merged = Settings.merge(stored, call)
  return stopGraceIssue(merged) === undefined ? merged : Settings.merge(withoutDerived(stored), call)
}

/** The accepted generation; the last attempt for a deployment that never had one. */
const lastRevision = (
  context: DeployerContext,
  { deployment, settings }: DeploymentRecord
): Effect.Effect<Pick<Revision, "snapshotId" | "settings">, StoreError> =>
  deployment.generation > 0
    ? Effect.succeed({ snapshotId: deployment.snapshot.id, settings })
    : Effect.map(
        context.deployments.revisions(deployment.id),
        ([newest]) => newest ?? { snapshotId: deployment.snapshot.id, settings: {} }
      )

/** True if the deployment runs the requested snapshot with the same settings, and no secret was set since then. */
const isSame = (
  context: DeployerContext,
  record: DeploymentRecord,
  request: Request
): Effect.Effect<boolean, StoreError> =>
  record.deployment.snapshot.id === request.snapshot.id && differences(record.settings, request.encoded).length === 0
    ? Effect.map(newSecrets(context, record, request), (names) => names.length === 0)
    : Effect.succeed(false)

/** The secrets of a request that were set after the accepted generation began. */
const newSecrets = (context: DeployerContext, { deployment }: DeploymentRecord, { settings }: Request) =>
  Effect.gen(function* () {
    const names = storedNames(settings)
    if (names.length === 0) return []
    const revisions = yield* context.deployments.revisions(deployment.id)
    const current = revisions.find(({ generation }) => generation === deployment.generation)
    const secrets = yield* context.secrets.list
    return secrets.filter(
      ({ name, updatedAt }) =>
        names.includes(name) && current !== undefined && DateTime.greaterThan(updatedAt, current.createdAt)
    )
  })

const differences = (
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>
): ReadonlyArray<{ readonly path: string; readonly from?: unknown; readonly to?: unknown }> => {
  const before = flatten(Settings.withCurrentNames(from))
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
