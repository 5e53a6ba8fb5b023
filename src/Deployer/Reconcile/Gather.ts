/** Gathers what reconciling decides on. Reads only. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { DeploymentId } from "../../Deployment.js"
import type { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord, Operation } from "../../Store/DeploymentStore.js"
import type { DeployerContext } from "../DeployerContext.js"
import { look } from "../Operations/Observe.js"
import type { DeploymentFacts, Facts } from "./Facts.js"

/** What was gathered: the facts, and the records they were taken from. */
export interface Gathered {
  readonly facts: Facts
  readonly records: ReadonlyMap<string, DeploymentRecord>
  /** Why the engine could not be asked, if it could not. */
  readonly unavailable: EngineUnavailable | undefined
}

/**
 * Looks at what exists, then at the registry. In this order: whatever exists had its intent recorded before, so a registry
 * that does not know it has forgotten it.
 */
export const gather = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  orphanGrace: Duration.DurationInput
): Effect.Effect<Gathered, StoreError> =>
  Effect.gen(function* () {
    const { backend, deployments } = kit
    const inventory = yield* Effect.either(backend.inventory)
    const all = yield* deployments.list()
    const operations = yield* deployments.openOperations
    const alive = yield* holdersAlive(kit)
    const now = yield* Clock.currentTimeMillis
    const ours = all.filter(({ deployment }) => isOurs(kit, deployment.deployer))
    const context = { operations, alive, now }
    const own = yield* Effect.forEach(ours, (record) => factsOf(kit, record, context), { concurrency: 8 })
    return {
      facts: {
        now,
        registryId: deployments.registryId,
        deployer: { flavor: backend.flavor, name: backend.name },
        deployments: own,
        others: new Set(
          all.flatMap(({ deployment: { deployer, id } }): ReadonlyArray<string> => (isOurs(kit, deployer) ? [] : [id]))
        ),
        tombstones: (yield* deployments.tombstones).filter(({ deployer }) => isOurs(kit, deployer)),
        inventory: inventory._tag === "Right" ? inventory.right : "unobservable",
        orphanGraceMillis: Duration.toMillis(orphanGrace)
      },
      records: new Map(ours.map((record) => [record.deployment.id, record])),
      unavailable: inventory._tag === "Left" ? inventory.left : undefined
    }
  })

// internal

interface Context {
  readonly operations: ReadonlyArray<Operation>
  readonly alive: ReadonlySet<DeploymentId>
  readonly now: number
}

const isOurs = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  { backend }: DeployerContext<S, SI>,
  { flavor, name }: { readonly flavor: string; readonly name: string }
): boolean => flavor === backend.flavor && name === backend.name

const holdersAlive = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>({
  deployments,
  leases
}: DeployerContext<S, SI>): Effect.Effect<ReadonlySet<DeploymentId>, StoreError> =>
  Effect.gen(function* () {
    const held = yield* deployments.leases
    const alive = yield* Effect.filter(held, ({ holder }) => Effect.map(leases.isDead(holder), (dead) => !dead))
    return new Set(alive.map(({ deploymentId }) => deploymentId))
  })

const factsOf = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  record: DeploymentRecord,
  { alive, now, operations }: Context
): Effect.Effect<DeploymentFacts, StoreError> =>
  Effect.gen(function* () {
    const { desired, generation, id, metadata, name, reason, status, unknownSince } = record.deployment
    const recovery = kit.requests.recovery(record)
    const operation = operations.find(({ deploymentId }) => deploymentId === id)
    const revisions = yield* kit.deployments.revisions(id)
    const since = DateTime.unsafeMake(Math.max(0, now - recovery.windowMillis))
    const restores = yield* kit.deployments.restores(id, since)
    return {
      id,
      name,
      generation,
      highest: revisions.reduce((highest, revision) => Math.max(highest, revision.generation), generation),
      desired,
      status,
      statusSince: DateTime.toEpochMillis(record.statusSince),
      reason,
      uncertain: unknownSince !== undefined,
      engineId: typeof metadata.engineId === "string" ? metadata.engineId : undefined,
      operation: operation && { kind: operation.kind, generation: operation.generation },
      busy: alive.has(id),
      seen: generation === 0 ? "unobservable" : yield* look(kit, record),
      restores: restores.map(DateTime.toEpochMillis),
      recovery
    }
  })
