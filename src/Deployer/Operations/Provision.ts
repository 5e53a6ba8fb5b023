import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { type Deployment, DeploymentId } from "../../Deployment.js"
import { DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentRecord, Lease } from "../../Store/DeploymentStore.js"
import type { ProvisionError, ProvisionOptions, SnapshotRef } from "../Contract.js"
import type { DeployerContext } from "../DeployerContext.js"
import type { Request } from "../Requests.js"
import { acceptedAfterAll, commit, removeOld, undo } from "./CommitOrRollback.js"
import * as CrashRecovery from "./CrashRecovery.js"
import * as Instrumentation from "./Instrumentation.js"
import { lastState, type ProvisionContext, reference } from "./ProvisionContext.js"
import { bringUp } from "./StartInstance.js"

/**
 * Makes a deployment serve a snapshot: validate, lease, intent, new instance, health, commit, old instance away. Until
 * the commit nothing the callers see has changed, and every failure or interruption before it is undone.
 */
export const provision = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  snapshot: SnapshotRef,
  options: ProvisionOptions<SI>
): Effect.Effect<Deployment, ProvisionError> =>
  Effect.gen(function* () {
    const request = yield* kit.requests.provision(snapshot, options)
    const { deployment } = request.existing ?? (yield* insert(kit, request, options))
    return yield* kit.leases.hold(deployment, (lease) => change(kit, lease, request, options))
  })

// internal

/** A concurrent insert of the same name is no failure when replacing is allowed: then that row is changed. */
const insert = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  request: Request<S>,
  options: ProvisionOptions<SI>
) =>
  Effect.gen(function* () {
    const draft = {
      id: DeploymentId.make(yield* kit.ids.next),
      name: request.name,
      deployer: { flavor: kit.backend.flavor, name: kit.backend.name },
      snapshot: reference(request.snapshot)
    }
    const inserted = yield* Effect.either(kit.deployments.insert(draft))
    if (Either.isRight(inserted)) return inserted.right
    if (inserted.left._tag === "StoreError" || options.replace === false) return yield* inserted.left
    const found = yield* kit.deployments.find(request.name)
    return yield* Option.isNone(found) ? inserted.left : kit.requests.owned(found.value)
  })

const change = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  request: Request<S>,
  options: ProvisionOptions<SI>
) =>
  Effect.gen(function* () {
    const before = yield* stillThere(kit, lease, request)
    yield* CrashRecovery.clear(kit, lease, before)
    const auth = yield* kit.authKeys.decide({
      deploymentId: before.deployment.id,
      auth: request.settings.auth,
      existing: before,
      given: options.authKey,
      rotate: options.rotateAuthKey ?? false
    })
    return yield* Instrumentation.tracked(kit, before, "provision", (journal) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          yield* journal.emit("lease_acquired", { holder: lease.holder })
          const operation = yield* kit.deployments.begin(lease, {
            id: journal.operationId,
            kind: "provision",
            snapshotId: request.snapshot.id,
            settings: request.encoded,
            by: kit.leases.actor
          })
          yield* journal.emit("intent_recorded", {
            generation: operation.generation,
            snapshot: request.snapshot.label
          })
          const exclusive = isExclusive(kit, before, request)
          const oldStopped = yield* Ref.make(false)
          return yield* attempt(
            { kit, lease, request, before, operation, journal, auth, exclusive, oldStopped },
            restore
          )
        })
      )
    )
  })

const stillThere = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  lease: Lease,
  { name }: Request<S>
) =>
  Effect.flatMap(
    kit.deployments.find(lease.deploymentId),
    Option.match({
      onNone: () =>
        Effect.fail(
          new DeploymentProvisionFailed({
            name,
            reason: "it was deleted meanwhile; repeat the command to create it anew",
            logs: []
          })
        ),
      onSome: Effect.succeed
    })
  )

const isExclusive = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  kit: DeployerContext<S, SI>,
  before: DeploymentRecord,
  { settings }: Request<S>
) =>
  before.deployment.generation > 0 &&
  before.deployment.desired === "running" &&
  kit.backend.exclusive(lastState(before), settings)

/** From the recorded intent to its end; uninterruptible except where `restore` says otherwise. */
const attempt = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  self: ProvisionContext<S, SI>,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<Deployment, ProvisionError> =>
  Effect.gen(function* () {
    const healthy = yield* Effect.exit(restore(bringUp(self)))
    if (Exit.isFailure(healthy)) return yield* undo(self, healthy.cause)
    const accepted = yield* Effect.catchAllCause(commit(self, healthy.value), (cause) =>
      Effect.flatMap(acceptedAfterAll(self), Option.match({ onNone: () => undo(self, cause), onSome: Effect.succeed }))
    )
    yield* removeOld(self)
    return accepted.deployment
  })
