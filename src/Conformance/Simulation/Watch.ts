/** Watches what controllers do to the registry and to the engine, as they do it. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { canFollow, type OperationalState } from "../../Deployment.js"
import type { Backend } from "../../Flavor/Backend.js"
import type { Instance } from "../../Flavor/Instance.js"
import type * as Settings from "../../Settings.js"
import type { DeploymentStore } from "../../Store/DeploymentStore.js"
import type { Reality } from "./Flavor.js"
import type { Ledger } from "./Ledger.js"
import { logged } from "./Logged.js"

type Store = typeof DeploymentStore.Service

/** The watched process, and the facts that the observer sees. */
export interface Subject {
  /** The controller's process. */
  readonly process: string
  readonly ledger: Ledger
  /** The registry itself. */
  readonly registry: Store
  readonly instances: Effect.Effect<ReadonlyArray<Reality>>
  /** True if another process has ended. */
  readonly hasEnded: (process: string) => Effect.Effect<boolean>
  /** True if this process is still alive. */
  readonly gate: Effect.Effect<void>
}

/** The registry as one controller uses it. */
export const deployments = (subject: Subject): Store => {
  const { ledger } = subject
  const registry = logged(subject, subject.registry)
  const row = <A extends { readonly deployment: Parameters<Ledger["became"]>[0] }>(record: A) =>
    Effect.sync(() => ledger.became(record.deployment, canFollow))
  return {
    ...registry,
    insert: (draft) => Effect.tap(registry.insert(draft), row),
    acquire: (deploymentId, options) =>
      Effect.gen(function* () {
        const held = ledger.leases.get(deploymentId)
        const lease = yield* registry.acquire(deploymentId, options)
        const now = yield* Clock.currentTimeMillis
        if (held !== undefined && held.process !== subject.process && held.expiresAt > now) {
          ledger.note("takeover")
          if (!(yield* subject.hasEnded(held.process))) {
            ledger.break("I10", `${subject.process} took the lease of ${held.process}, which is alive`)
          }
        } else if (held !== undefined && held.process !== subject.process) {
          ledger.note("takeover after expiry")
        }
        ledger.trespasses.delete(`${subject.process}/${deploymentId}`)
        ledger.told.delete(`${subject.process}/${deploymentId}`)
        ledger.granted(deploymentId, {
          token: lease.token,
          process: subject.process,
          expiresAt: now + Duration.toMillis(options.ttl)
        })
        return lease
      }),
    renew: (lease, ttl) =>
      registry.renew(lease, ttl).pipe(
        Effect.tap(() =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const held = ledger.leases.get(lease.deploymentId)
            if (held?.token === lease.token) held.expiresAt = now + Duration.toMillis(ttl)
          })
        ),
        Effect.tapErrorTag("LeaseLost", () =>
          Effect.sync(() => ledger.told.add(`${subject.process}/${lease.deploymentId}`))
        )
      ),
    release: (lease) =>
      Effect.tap(registry.release(lease), () =>
        Effect.sync(() => {
          if (ledger.leases.get(lease.deploymentId)?.token === lease.token) ledger.leases.delete(lease.deploymentId)
        })
      ),
    begin: (lease, intent) =>
      Effect.tap(registry.begin(lease, intent), ({ deploymentId, generation }) =>
        Effect.sync(() => {
          if (intent.kind === "provision") ledger.begun(deploymentId, generation)
        })
      ),
    commit: (lease, operation, change) =>
      Effect.tap(registry.commit(lease, operation, change), (record) => {
        ledger.committed.set(operation.deploymentId, operation.generation)
        return row(record)
      }),
    // What was to be provisioned was pending meanwhile.
    abort: (lease, operation, reason) =>
      Effect.tap(registry.abort(lease, operation, reason), (record) => {
        if (operation.kind === "provision" && record.deployment.generation === 0) {
          ledger.statuses.set(operation.deploymentId, "pending")
        }
        return row(record)
      }),
    stopped: (lease, operation) =>
      Effect.zipRight(
        mustBeGone(subject, ({ deploymentId }) => deploymentId === lease.deploymentId, "it was called stopped"),
        Effect.tap(registry.stopped(lease, operation), row)
      ),
    restored: (lease, operation, state) =>
      Effect.tap(registry.restored(lease, operation, state), (record) => {
        ledger.statuses.set(operation.deploymentId, "pending")
        return row(record)
      }),
    remove: (lease) =>
      Effect.tap(registry.remove(lease), () =>
        Effect.sync(() => {
          ledger.leases.delete(lease.deploymentId)
          ledger.statuses.delete(lease.deploymentId)
        })
      ),
    observe: (deploymentId, generation, observation, basis) =>
      Effect.gen(function* () {
        const before = yield* registry.find(deploymentId)
        const written = yield* registry.observe(deploymentId, generation, observation, basis)
        const counts =
          Option.isSome(written) &&
          Option.isSome(before) &&
          written.value.deployment.status !== before.value.deployment.status
        if (observation !== "unobservable" && counts) {
          yield* wasSeen(subject, deploymentId, generation, observation)
          yield* row(written.value)
        }
        return written
      })
  }
}

/** A backend as one controller uses it. */
export const backend =
  <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(subject: Subject) =>
  (raw: Backend<S, SI>): Backend<S, SI> => ({
    ...raw,
    state: (instance, metadata) => {
      const key = seenKey(subject, instance)
      return raw.state(instance, metadata).pipe(
        Effect.tap(({ status }) => Effect.sync(() => subject.ledger.seen.set(key, status))),
        Effect.tapError(() => Effect.sync(() => subject.ledger.seen.delete(key)))
      )
    },
    provision: (request) =>
      Effect.zipRight(Effect.zipRight(subject.gate, underLease(subject, request, "provision")), raw.provision(request)),
    deprovision: (instance, metadata, options) =>
      subject.gate.pipe(
        Effect.zipRight(underLease(subject, instance, "deprovision")),
        Effect.zipRight(keepsServing(subject, instance)),
        Effect.zipRight(raw.deprovision(instance, metadata, options))
      ),
    destroy: (deployment) =>
      Effect.zipRight(
        Effect.zipRight(subject.gate, underLease(subject, deployment, "destroy")),
        raw.destroy(deployment)
      )
  })

// internal

const seenKey = ({ process }: Subject, { deploymentId, generation }: Pick<Instance, "deploymentId" | "generation">) =>
  `${process}/${deploymentId}/${generation}`

const mustBeGone = ({ instances, ledger }: Subject, which: (one: Reality) => boolean, what: string) =>
  Effect.map(instances, (all) => {
    const there = all.filter(which)
    if (there.length > 0) ledger.break("I9", `${what}, and ${there.map(({ key }) => key).join(", ")} exists`)
  })

const wasSeen = (subject: Subject, deploymentId: string, generation: number, { status }: OperationalState) =>
  Effect.gen(function* () {
    const isIt = (one: Reality) => one.deploymentId === deploymentId && one.generation === generation
    if (status === "absent") return yield* mustBeGone(subject, isIt, `generation ${generation} was called absent`)
    if (status !== "error") return
    const fine = (yield* subject.instances).some((one) => isIt(one) && one.answers)
    const told = subject.ledger.seen.get(`${subject.process}/${deploymentId}/${generation}`)
    if (fine && told !== "error") {
      subject.ledger.break("I9", `generation ${generation} was reported as broken, and no observation shows it`)
    }
  })

/** A frozen holder that wakes may finish the one call it was about to make. */
const underLease = (subject: Subject, { deploymentId }: Pick<Instance, "deploymentId">, what: string) =>
  Effect.sync(() => {
    const { ledger, process } = subject
    if (ledger.isCurrent(deploymentId, process)) return
    const key = `${process}/${deploymentId}`
    const trespasses = (ledger.trespasses.get(key) ?? 0) + 1
    ledger.trespasses.set(key, trespasses)
    if (ledger.told.has(key))
      ledger.break("I10", `${process} made a ${what} after the store reported that its lease is lost`)
    else if (trespasses > 1) ledger.break("I10", `${process} made a ${what} without the lease, ${trespasses} times`)
  })

/** The accepted instance, while it answers, goes only when it is to be taken down or holds what the next one needs. */
const keepsServing = ({ instances, ledger, registry }: Subject, instance: Instance) =>
  Effect.gen(function* () {
    const found = yield* Effect.orDie(registry.find(instance.deploymentId))
    if (Option.isNone(found)) return
    const { desired, generation } = found.value.deployment
    if (generation !== instance.generation || desired === "stopped") return
    const serves = (yield* instances).some(
      (one) => one.deploymentId === instance.deploymentId && one.generation === generation && one.answers
    )
    if (!serves) return
    const open = (yield* Effect.orDie(registry.openOperations)).find(
      ({ deploymentId }) => deploymentId === instance.deploymentId
    )
    // A restore that failed takes away what it started.
    if (open !== undefined && open.kind !== "provision") return
    const pending = (yield* Effect.orDie(registry.revisions(instance.deploymentId))).find(
      ({ outcome }) => outcome === "pending"
    )
    if (pending?.settings.port !== undefined) return
    ledger.break("I4", `generation ${generation}, which serves, was stopped without a new one`)
  })
