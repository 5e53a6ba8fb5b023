/** Gathers the facts for a decision of reconciling. Reads only. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { DeploymentId } from "../../Deployment.js"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { DeploymentRecord, Operation } from "../../Store/DeploymentStore.js"
import type { DeployerContext } from "../DeployerContext.js"
import { look, lookAt } from "../Operations/Observe.js"
import * as CrashLoop from "./CrashLoop.js"
import type { DeploymentFacts, Facts } from "./Facts.js"

/** The facts, and the records they were taken from. */
export interface Gathered {
  readonly facts: Facts
  readonly records: ReadonlyMap<string, DeploymentRecord>
  /** The failure of the engine to answer, if it failed. */
  readonly unavailable: EngineUnavailable | undefined
}

/**
 * Reads the inventory, then the registry. In this order: the intent of everything that exists was recorded earlier, so a
 * registry that does not know it has lost it.
 */
export const gather = (
  context: DeployerContext,
  orphanGrace: Duration.DurationInput
): Effect.Effect<Gathered, StoreError> =>
  Effect.gen(function* () {
    const { backend, deployments } = context
    const inventory = yield* Effect.either(backend.inventory)
    const all = yield* deployments.list()
    const operations = yield* deployments.openOperations
    const alive = yield* holdersAlive(context)
    const now = yield* Clock.currentTimeMillis
    const ours = all.filter(({ deployment }) => isOurs(context, deployment.deployer))
    const shared = { operations, alive, now }
    const own = yield* Effect.forEach(ours, (record) => factsOf(context, record, shared), { concurrency: 8 })
    return {
      facts: {
        now,
        registryId: yield* deployments.identity,
        deployer: { flavor: backend.flavor, name: backend.name },
        deployments: own,
        others: new Set(
          all.flatMap(
            ({ deployment: { deployer, id } }): ReadonlyArray<string> => (isOurs(context, deployer) ? [] : [id])
          )
        ),
        tombstones: (yield* deployments.tombstones).filter(({ deployer }) => isOurs(context, deployer)),
        inventory: inventory._tag === "Right" ? inventory.right : "unobservable",
        orphanGraceMillis: Duration.toMillis(orphanGrace)
      },
      records: new Map(ours.map((record) => [record.deployment.id, record])),
      unavailable: inventory._tag === "Left" ? inventory.left : undefined
    }
  })

// internal

interface Shared {
  readonly operations: ReadonlyArray<Operation>
  readonly alive: ReadonlySet<DeploymentId>
  readonly now: number
}

const isOurs = (
  { backend }: DeployerContext,
  { flavor, name }: { readonly flavor: string; readonly name: string }
): boolean => flavor === backend.flavor && name === backend.name

const holdersAlive = ({ deployments, leases }: DeployerContext): Effect.Effect<ReadonlySet<DeploymentId>, StoreError> =>
  Effect.gen(function* () {
    const held = yield* deployments.leases
    const alive = yield* Effect.filter(held, ({ holder }) => Effect.map(leases.isDead(holder), (dead) => !dead))
    return new Set(alive.map(({ deploymentId }) => deploymentId))
  })

const factsOf = (
  context: DeployerContext,
  record: DeploymentRecord,
  { alive, now, operations }: Shared
): Effect.Effect<DeploymentFacts, StoreError> =>
  Effect.gen(function* () {
    const { candidate, desired, generation, id, metadata, name, reason, status, unknownSince } = record.deployment
    const recovery = context.requests.recovery(record)
    const operation = operations.find(({ deploymentId }) => deploymentId === id)
    const revisions = yield* context.deployments.revisions(id)
    const since = DateTime.unsafeMake(Math.max(0, now - recovery.windowMillis))
    const restores = yield* context.deployments.restores(id, since)
    return {
      id,
      name,
      generation,
      highest: revisions.reduce((highest, revision) => Math.max(highest, revision.generation), generation),
      desired,
      status,
      statusSince: DateTime.toEpochMillis(record.statusSince),
      reason,
      gaveUp: CrashLoop.isMarked(record.deployment),
      uncertain: unknownSince !== undefined,
      engineId: typeof metadata.engineId === "string" ? metadata.engineId : undefined,
      operation: operation && { kind: operation.kind, generation: operation.generation },
      busy: alive.has(id),
      seen: generation === 0 ? "unobservable" : yield* look(context, record),
      candidate: candidate && { generation: candidate.generation, seen: yield* lookAt(context, record, candidate) },
      restores: restores.map(DateTime.toEpochMillis),
      recovery,
      restart: context.requests.restart(record)
    }
  })
