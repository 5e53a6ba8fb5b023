import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import { OperationalState } from "../../Deployment.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { Found } from "../../Flavor/Backend.js"
import type { InstanceRecord } from "../../Flavor/InstanceRecord.js"
import type * as Settings from "../../Settings.js"
import { RebuildReport } from "../Contract.js"
import type { DeployerContext } from "../DeployerContext.js"
import { isReady } from "./HealthGate.js"
import { reference } from "./ProvisionContext.js"

type Entry = RebuildReport["recovered"][number]
type Skipped = RebuildReport["skipped"][number]

/** Puts deployments back into a registry that lost them, from the records beside their instances. */
export const rebuild = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>
): Effect.Effect<RebuildReport, StoreError> =>
  Effect.flatMap(Effect.either(kit.backend.inventory), (inventory) =>
    Either.isRight(inventory)
      ? rebuildFrom(kit, inventory.right.found)
      : Effect.succeed(passedOver(kit, inventory.left.message))
  )

// internal

const passedOver = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  { backend: { flavor, name } }: DeployerContext<S, SI>,
  reason: string
): RebuildReport =>
  new RebuildReport({
    recovered: [],
    skipped: [{ resource: `everything of the ${flavor} deployer "${name}"`, reason }],
    renamed: false
  })

const rebuildFrom = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  found: ReadonlyArray<Found>
): Effect.Effect<RebuildReport, StoreError> =>
  Effect.gen(function* () {
    const instances = found.filter(({ generation }) => generation > 0)
    const registries = new Set(instances.flatMap(({ registryId }) => registryId ?? []))
    const [lost] = Array.from(registries).filter((id) => id !== kit.deployments.registryId)
    const renamed = registries.size === 1 && lost !== undefined && (yield* kit.deployments.takeIdentity(lost))
    const identity = renamed ? lost : kit.deployments.registryId
    const [skipped, recovered] = yield* Effect.partition(byDeployment(instances), (generations) =>
      putBack(kit, generations, identity)
    ).pipe(Effect.flatMap(raise))
    return new RebuildReport({ recovered, skipped, renamed })
  })

const raise = ([failures, recovered]: [ReadonlyArray<Skipped | StoreError>, ReadonlyArray<Option.Option<Entry>>]) =>
  Effect.gen(function* () {
    const skipped: Array<Skipped> = []
    for (const failure of failures) {
      if ("_tag" in failure) return yield* failure
      skipped.push(failure)
    }
    return [skipped, recovered.flatMap(Option.toArray)] as const
  })

const byDeployment = (instances: ReadonlyArray<Found>): ReadonlyArray<ReadonlyArray<Found>> =>
  Array.from(
    instances
      .reduce(
        (groups, one) => groups.set(one.deploymentId, [...(groups.get(one.deploymentId) ?? []), one]),
        new Map<string, ReadonlyArray<Found>>()
      )
      .values()
  )

const newestFirst = Order.reverse(Order.mapInput(Order.number, ({ generation }: InstanceRecord) => generation))

/** None when the registry knows the deployment at a generation as high. */
const putBack = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  generations: ReadonlyArray<Found>,
  identity: string
): Effect.Effect<Option.Option<Entry>, Skipped | StoreError> =>
  Effect.gen(function* () {
    const records = generations.flatMap(({ record }) => record ?? []).sort(newestFirst)
    const [newest] = records
    const resource = generations.map((one) => one.resource).join(", ")
    if (newest === undefined) {
      return yield* Effect.fail({ resource, reason: "nothing was written down about it" })
    }
    if (newest.registryId !== identity) {
      return yield* Effect.fail({
        resource,
        reason: `it is of registry ${newest.registryId}, and this one has deployments`
      })
    }
    const known = yield* kit.deployments.find(newest.deployment.id)
    if (Option.exists(known, ({ deployment }) => deployment.generation >= newest.generation)) return Option.none()
    const serving = (yield* firstServing(kit, records)) ?? newest
    yield* recover(kit, serving, generations).pipe(
      Effect.catchTag("DeploymentAlreadyExists", ({ name }) =>
        Effect.fail({ resource, reason: `another deployment is named "${name}" by now` })
      )
    )
    const { deployment, generation, snapshot } = serving
    return Option.some({ deployment: deployment.name, generation, snapshot: snapshot.label })
  })

/** Of several generations the newest that answers is the one callers were led to. */
const firstServing = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  records: ReadonlyArray<InstanceRecord>
): Effect.Effect<InstanceRecord | undefined> =>
  Effect.map(
    Effect.findFirst(records, (record) => serves(kit, record)),
    Option.getOrUndefined
  )

const serves = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  { deployment, generation, settings }: InstanceRecord
): Effect.Effect<boolean> =>
  kit.backend.state({ deploymentId: deployment.id, name: deployment.name, generation }, {}).pipe(
    Effect.flatMap(({ status, url }) =>
      status === "running" && url !== undefined
        ? isReady(kit, url, kit.requests.serving({ settings }))
        : Effect.succeed(false)
    ),
    Effect.orElseSucceed(() => false)
  )

/** How it is nobody has seen through this registry yet: the next look tells. */
const recover = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  { authKey, deployer, deployment, generation, settings, snapshot }: InstanceRecord,
  generations: ReadonlyArray<Found>
) =>
  Effect.flatMap(kit.snapshots.recover(snapshot), (found) =>
    kit.deployments.recover({
      ...deployment,
      deployer,
      snapshot: reference(found),
      generation,
      refused: generations.map((one) => one.generation).filter((other) => other !== generation),
      settings,
      authKey,
      state: new OperationalState({ status: "unknown", metadata: {} }),
      by: kit.leases.actor
    })
  )
