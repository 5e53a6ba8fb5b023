import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import { OperationalState } from "../../Deployment.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { Found } from "../../Flavor/Instance.js"
import type { InstanceRecord } from "../../Flavor/InstanceRecord.js"
import { RebuildReport } from "../Contract.js"
import type { DeployerContext } from "../DeployerContext.js"
import { checkHealth } from "./HealthGate.js"
import { reference } from "./ProvisionContext.js"

type Entry = RebuildReport["recovered"][number]
type Skipped = RebuildReport["skipped"][number]

/** Adds deployments that the registry lost, from the records beside their instances. */
export const rebuild = (context: DeployerContext): Effect.Effect<RebuildReport, StoreError> =>
  Effect.flatMap(Effect.either(context.backend.inventory), (inventory) =>
    Either.isRight(inventory)
      ? rebuildFrom(context, inventory.right.found)
      : Effect.succeed(skippedAll(context, inventory.left.message))
  )

// internal

const skippedAll = ({ backend: { flavor, name } }: DeployerContext, reason: string): RebuildReport =>
  new RebuildReport({
    recovered: [],
    skipped: [{ resource: `everything of the ${flavor} deployer "${name}"`, reason }],
    renamed: false
  })

const rebuildFrom = (context: DeployerContext, found: ReadonlyArray<Found>): Effect.Effect<RebuildReport, StoreError> =>
  Effect.gen(function* () {
    const instances = found.filter(({ generation }) => generation > 0)
    const registries = new Set(instances.flatMap(({ registryId }) => registryId ?? []))
    const own = yield* context.deployments.identity
    const [lost] = Array.from(registries).filter((id) => id !== own)
    const renamed = registries.size === 1 && lost !== undefined && (yield* context.deployments.takeIdentity(lost))
    const identity = renamed ? lost : own
    const [skipped, recovered] = yield* Effect.partition(byDeployment(instances), (generations) =>
      putBack(context, generations, identity)
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
const putBack = (
  context: DeployerContext,
  generations: ReadonlyArray<Found>,
  identity: string
): Effect.Effect<Option.Option<Entry>, Skipped | StoreError> =>
  Effect.gen(function* () {
    const records = generations
      .flatMap(({ record }) => record ?? [])
      // No registry accepted the candidate of a canary.
      .filter(({ isCandidate }) => isCandidate !== true)
      .sort(newestFirst)
    const [newest] = records
    const resource = generations.map((one) => one.resource).join(", ")
    if (newest === undefined) {
      return yield* Effect.fail({ resource, reason: "it has no record of its revision" })
    }
    if (newest.registryId !== identity) {
      return yield* Effect.fail({
        resource,
        reason: `it belongs to registry ${newest.registryId}, and this registry has deployments of its own`
      })
    }
    const known = yield* context.deployments.find(newest.deployment.id)
    if (Option.exists(known, ({ deployment }) => deployment.generation >= newest.generation)) return Option.none()
    const serving = (yield* firstServing(context, records)) ?? newest
    yield* recover(context, serving, generations).pipe(
      Effect.catchTag("DeploymentAlreadyExists", ({ name }) =>
        Effect.fail({ resource, reason: `another deployment has the name "${name}"` })
      )
    )
    const { deployment, generation, snapshot } = serving
    return Option.some({ deployment: deployment.name, generation, snapshot: snapshot.label })
  })

/** The generation that callers use: the newest one that answers. */
const firstServing = (
  context: DeployerContext,
  records: ReadonlyArray<InstanceRecord>
): Effect.Effect<InstanceRecord | undefined> =>
  Effect.map(
    Effect.findFirst(records, (record) => serves(context, record)),
    Option.getOrUndefined
  )

const serves = (
  context: DeployerContext,
  { deployment, generation, settings }: InstanceRecord
): Effect.Effect<boolean> =>
  context.backend.state({ deploymentId: deployment.id, name: deployment.name, generation }, {}).pipe(
    Effect.flatMap(({ status, url }) =>
      status === "running" && url !== undefined
        ? Effect.map(checkHealth(context, url, context.requests.serving({ settings })), (it) => it !== "unready")
        : Effect.succeed(false)
    ),
    Effect.orElseSucceed(() => false)
  )

/** Adds it with status `unknown`; the next refresh observes it. */
const recover = (
  context: DeployerContext,
  { authKey, authKeys, deployer, deployment, generation, intake, settings, snapshot }: InstanceRecord,
  generations: ReadonlyArray<Found>
) =>
  Effect.flatMap(context.snapshots.recover(snapshot), (found) =>
    context.deployments.recover({
      ...deployment,
      deployer,
      snapshot: reference(found),
      generation,
      refused: generations.map((one) => one.generation).filter((other) => other !== generation),
      settings,
      authKey,
      authKeys,
      intake,
      state: new OperationalState({ status: "unknown", metadata: {} }),
      by: context.leases.actor
    })
  )
