import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { EngineUnavailable, OutcomeUnknown } from "../Errors/Lifecycle.js"
import type { Backend, BackendWithCanary } from "../Flavor/Backend.js"
import type { Instance } from "../Flavor/Instance.js"
import { timeoutFail, timeoutTo } from "../Internal/Deadline.js"
import type * as Settings from "../Settings.js"
import { ownersKey } from "../Store/Registry/AuthKey.js"
import type { Canaries, Service, ServiceWithCanaries, SnapshotErrors, SnapshotRef } from "./Contract.js"
import * as DeployerContext from "./DeployerContext.js"
import { settingNames } from "./KeptSettings.js"
import * as Canary from "./Operations/Canary.js"
import { watch } from "./Operations/CanaryWatch.js"
import { glance, list } from "./Operations/Glance.js"
import * as Intake from "./Operations/Intake.js"
import * as Keys from "./Operations/Keys.js"
import * as PlanAndRollback from "./Operations/PlanAndRollback.js"
import { provision } from "./Operations/Provision.js"
import { rebuild } from "./Operations/RebuildRegistry.js"
import { refresh } from "./Operations/Refresh.js"
import { deprovision, remove } from "./Operations/Teardown.js"
import { reconcile, reconcilePlan } from "./Reconcile.js"
import type { ErasedBackend } from "./Requests.js"

/**
 * Makes a deployer of a backend: all validation, leases, intents, health gates, generations and events around it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: Backend<S, SI>
): Effect.Effect<Service<SI>, never, DeployerContext.Requirements> => makeForAny(backend)

/** The same, typed so that programs that work with any flavor can call it too. The backend's Schema checks every setting. */
export const makeForAny = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: Backend<S, SI>
): Effect.Effect<Service<SI | Settings.DeploymentInput>, never, DeployerContext.Requirements> =>
  Effect.map(DeployerContext.make(erase(backend)), (context) => assemble<SI>(backend, context))

/**
 * Makes a deployer of a backend with the means of canaries.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeWithCanaries = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: BackendWithCanary<S, SI>
): Effect.Effect<ServiceWithCanaries<SI | Settings.DeploymentInput>, never, DeployerContext.Requirements> =>
  Effect.map(DeployerContext.make(erase(backend)), (context) => ({
    ...assemble<SI>(backend, context),
    canaries: canariesOf(context)
  }))

/**
 * Hides the settings of a backend, and gives every call of it an end: a call without an answer fails with
 * `EngineUnavailable`, a change without an answer with `OutcomeUnknown`, also in an uninterruptible region.
 */
const erase = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: Backend<S, SI>
): ErasedBackend =>
  // Sound because only this backend's Schema makes values of the brand: what it receives, it has decoded itself.
  bounded(backend as unknown as ErasedBackend)

// internal

const assemble = <SI extends Settings.DeploymentInput>(
  { flavor, name }: Pick<ErasedBackend, "flavor" | "name">,
  context: DeployerContext.DeployerContext
): Service<SI | Settings.DeploymentInput> => {
  const required = (ref: string) => DeployerContext.requireDeployment(context.deployments, ref)
  return {
    flavor,
    name,
    settingNames: settingNames(context.backend),
    provision: (snapshot, options) => ofSnapshot(snapshot, provision(context, snapshot, options)),
    getOrCreate: (snapshot, options) => ofSnapshot(snapshot, PlanAndRollback.getOrCreate(context, snapshot, options)),
    reprovision: (ref, options) => PlanAndRollback.reprovision(context, ref, options),
    rollback: (ref, options) => PlanAndRollback.rollback(context, ref, options),
    refresh: (ref) => refresh(context, ref),
    deprovision: (ref, options) => deprovision(context, ref, options),
    delete: (ref, options) => remove(context, ref, options),
    logs: (ref, options = {}) =>
      Stream.unwrap(
        Effect.map(Effect.flatMap(required(ref), context.requests.owned), (record) =>
          context.backend.logs(DeployerContext.currentInstance(record), options)
        )
      ),
    plan: (snapshot, options) => ofSnapshot(snapshot, PlanAndRollback.plan(context, snapshot, options)),
    reconcile: reconcile(context),
    reconcilePlan: reconcilePlan(context),
    rebuild: rebuild(context),
    changes: hints(context.backend),
    events: Stream.unwrapScoped(Effect.map(context.journals.subscribe, (queue) => Stream.fromQueue(queue))),
    subscribe: context.journals.subscribe,
    list: (options) => list(context, options),
    get: (ref) => Effect.flatMap(required(ref), (record) => glance(context, record)),
    authKey: (ref) =>
      Effect.gen(function* () {
        const record = yield* required(ref)
        const key = ownersKey(record, yield* Clock.currentTimeMillis)
        return key === undefined ? undefined : yield* context.authKeys.open(record.deployment.id, key)
      }),
    authKeys: (ref) => Keys.list(context, ref),
    addAuthKey: (ref, options) => Keys.add(context, ref, options),
    rotateAuthKey: (ref, options) => Keys.rotate(context, ref, options),
    removeAuthKey: (ref, id) => Keys.remove(context, ref, id),
    pause: (ref, options) => Intake.pause(context, ref, options),
    maintenance: (ref, options) => Intake.maintenance(context, ref, options),
    resume: (ref) => Intake.resume(context, ref),
    revisions: (ref) => Effect.flatMap(required(ref), ({ deployment }) => context.deployments.revisions(deployment.id)),
    ...(context.backend.canary === undefined ? {} : { canaries: canariesOf(context) })
  }
}

const canariesOf = (context: DeployerContext.DeployerContext): Canaries => ({
  deploy: (snapshot, options) => ofSnapshot(snapshot, Canary.deploy(context, snapshot, options)),
  watch: (ref, options) => watch(context, ref, options),
  promote: (ref) => Canary.promote(context, ref),
  abort: (ref, options) => Canary.abort(context, ref, { reason: options?.reason })
})

/** `Requests` refuses a `Snapshot` value that the registry does not have with a mismatch, which the type cannot express. */
const ofSnapshot = <R extends SnapshotRef, A, E>(_: R, operation: Effect.Effect<A, E>) =>
  operation as Effect.Effect<A, SnapshotErrors<R, E>>

/** A source of hints that fails is opened again: hints may be lost, because reconciling also happens periodically. */
const hints = ({ changes }: ErasedBackend): Stream.Stream<void> =>
  changes === undefined
    ? Stream.never
    : changes.pipe(
        Stream.retry(Schedule.spaced("5 seconds")),
        Stream.orDie,
        Stream.map(() => undefined)
      )

/** Longer than the deadlines of the operations around it, which say more about what happened. */
const patience = Duration.seconds(60)

const bounded = (backend: ErasedBackend): ErasedBackend => {
  const { canary, door, flavor, glance, keyUses, logs, preview, refresh, standsBy, updateIntake, updateKeys } = backend
  const silent = (operation: string) =>
    new EngineUnavailable({ flavor, operation, reason: `it did not answer within ${Duration.format(patience)}` })
  const answered = (operation: string) => timeoutFail({ duration: patience, onTimeout: () => silent(operation) })
  const ended = (operation: string, instance: Pick<Instance, "name">, grace: Duration.DurationInput = 0) =>
    timeoutFail({
      duration: Duration.sum(grace, patience),
      onTimeout: () => new OutcomeUnknown({ operation, resource: `deployment "${instance.name}"` })
    })
  return {
    ...backend,
    state: (instance, metadata) => answered("observe an instance")(backend.state(instance, metadata)),
    inventory: answered("list what exists")(backend.inventory),
    deprovision: (instance, metadata, options) =>
      ended("stop an instance", instance, options.grace)(backend.deprovision(instance, metadata, options)),
    destroy: (deployment) => ended("remove a deployment", deployment)(backend.destroy(deployment)),
    logs: (instance, options) => {
      const lines = logs(instance, options)
      return options.follow === true ? lines : boundedPulls(lines, () => silent("read a log"))
    },
    ...(door === undefined
      ? {}
      : {
          door: {
            lead: (instance) => answered("lead callers to an instance")(door.lead(instance)),
            close: (deployment, keep) => answered("close a door")(door.close(deployment, keep))
          }
        }),
    ...(canary === undefined
      ? {}
      : {
          canary: {
            share: (request) => answered("count the parts of a canary")(canary.share(request)),
            lead: (accepted, candidate, share) =>
              answered("lead callers to a candidate")(canary.lead(accepted, candidate, share)),
            end: (instance) => answered("lead callers to an instance")(canary.end(instance))
          }
        }),
    ...(updateKeys === undefined
      ? {}
      : { updateKeys: (instance, keys) => ended("change the keys", instance)(updateKeys(instance, keys)) }),
    ...(updateIntake === undefined
      ? {}
      : { updateIntake: (instance, intake) => ended("change the intake", instance)(updateIntake(instance, intake)) }),
    ...(keyUses === undefined ? {} : { keyUses: (instance) => answered("read the uses of keys")(keyUses(instance)) }),
    ...(glance === undefined
      ? {}
      : {
          glance: (instance, metadata) =>
            timeoutTo({ duration: patience, onTimeout: () => Option.none() })(glance(instance, metadata))
        }),
    ...(preview === undefined
      ? {}
      : {
          preview: (request) =>
            timeoutTo({
              duration: patience,
              onTimeout: () => ({ objects: [], unavailable: silent("preview a deploy").message })
            })(preview(request))
        }),
    ...(refresh === undefined ? {} : { refresh: (instance) => answered("refresh an instance")(refresh(instance)) }),
    ...(standsBy === undefined
      ? {}
      : { standsBy: (instance, metadata) => answered("observe an instance")(standsBy(instance, metadata)) })
  }
}

const boundedPulls = <A, E, E2>(lines: Stream.Stream<A, E>, onTimeout: () => E2): Stream.Stream<A, E | E2> =>
  Stream.fromPull(
    Effect.map(Stream.toPull(lines), (pull) =>
      timeoutFail({ duration: patience, onTimeout: () => Option.some<E | E2>(onTimeout()) })(pull)
    )
  )
