/** Checks of the laws on a world as it is at some moment. */
import { isDeepStrictEqual } from "node:util"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import type { Reality } from "./Flavor.js"
import type { SimulatedCluster } from "./SimulatedCluster.js"

/**
 * Checks the invariants of every moment: I1, I2, I3. An instance of an earlier generation is not an orphan as long as the
 * registry knows its generation, because reconcile removes it; `strict` (default `false`) allows it only while an operation
 * is open.
 *
 * @category checks
 * @since 0.1.0
 */
export const safety = (
  { engine, ledger, registry }: SimulatedCluster,
  { strict = false }: { readonly strict?: boolean } = {}
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const before = yield* engine.instances
    const open = yield* registry.openOperations
    const records = yield* registry.list()
    const after = yield* engine.instances
    // Other processes change instances meanwhile, so only instances that existed all the time count.
    const there = before.filter((one) => after.some(({ key }) => key === one.key))
    for (const one of there) {
      const record = records.find(({ deployment }) => deployment.id === one.deploymentId)
      if (open.some(({ deploymentId }) => deploymentId === one.deploymentId)) continue
      if (record === undefined) {
        ledger.break("I2", `${one.key} exists and the registry does not know its deployment`)
      } else if (
        !(yield* registry.revisions(record.deployment.id)).some(({ generation }) => generation === one.generation)
      ) {
        ledger.break("I2", `${one.key} exists, and generation ${one.generation} never started`)
      } else if (strict && record.deployment.generation !== one.generation) {
        ledger.break("I2", `${one.key} exists, and generation ${record.deployment.generation} is the accepted one`)
      } else if (strict && record.deployment.desired === "stopped") {
        ledger.break("I2", `${one.key} exists, and its deployment was stopped`)
      }
    }
    for (const { deployment } of records) {
      const active = there.filter(
        (one) => one.deploymentId === deployment.id && one.generation === deployment.generation
      )
      if (active.length > 1) ledger.break("I1", `${active.length} instances of generation ${deployment.generation}`)
    }
    if (!(yield* engine.foreignIsUntouched)) ledger.break("I3", "a foreign resource was changed")
  }).pipe(Effect.orDie)

/**
 * The required final state of a deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Expectation {
  readonly name: string
  /** Its snapshot, if it runs; or that it was stopped, or is gone. */
  readonly is: { readonly snapshotId: string } | "stopped" | "gone"
}

/**
 * The reasons why a world is not at rest; none if it is: L1, L3. At rest, registry and reality agree with the desired
 * state, no operation is open, and no lease remains.
 *
 * @category checks
 * @since 0.1.0
 */
export const unsettled = (
  world: SimulatedCluster
): Effect.Effect<ReadonlyArray<readonly ["L1" | "L3" | "I2", string]>> =>
  Effect.gen(function* () {
    const { engine, ledger, registry } = world
    const open = yield* registry.openOperations
    const records = yield* registry.list()
    const instances = yield* engine.instances
    const now = yield* Clock.currentTimeMillis
    const known = new Set<string>(records.map(({ deployment }) => deployment.id))
    return [
      ...open.map(({ generation, kind }) => ["L3", `the ${kind} of generation ${generation} is still open`] as const),
      ...Array.from(ledger.leases)
        .filter(([, { expiresAt }]) => expiresAt > now)
        .map(([id, { process }]) => ["L3", `a lease of ${process} on ${id} is left`] as const),
      ...instances
        .filter(({ deploymentId }) => !known.has(deploymentId))
        .map(({ key }) => ["I2", `${key} exists and the registry does not know its deployment`] as const),
      ...records.flatMap((record) => disagreements(record, instances).map((why) => ["L1", why] as const))
    ]
  }).pipe(Effect.orDie)

/**
 * Law S1: a deployment is as it was reported to be. `when` goes into the note of a broken law.
 *
 * @category checks
 * @since 0.1.0
 */
export const asExpected = (
  { engine, ledger, registry }: SimulatedCluster,
  { is, name }: Expectation,
  when: string
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const found = yield* registry.find(name)
    if (is === "gone") {
      if (Option.isSome(found)) ledger.break("S1", `${name} is still there ${when}`)
      return
    }
    if (Option.isNone(found)) return ledger.break("S1", `${name} is not there ${when}`)
    const { desired, generation, id, snapshot, status } = found.value.deployment
    if (is === "stopped") {
      if (desired !== "stopped" || status !== "absent") ledger.break("S1", `${name} is not stopped ${when}: ${status}`)
      return
    }
    const serves = (yield* engine.instances).some(
      (one) => one.deploymentId === id && one.generation === generation && one.answers
    )
    if (snapshot.id !== is.snapshotId || desired !== "running" || !serves) {
      const service = serves ? "serves" : "does not serve"
      ledger.break(
        "S1",
        `${name} ${when} is ${desired} at generation ${generation} of version ${snapshot.version} and ${service}`
      )
    }
  }).pipe(Effect.orDie)

/**
 * Law I5: a record after a failed change is the record before it.
 *
 * @category checks
 * @since 0.1.0
 */
export const unchanged = (
  { ledger }: SimulatedCluster,
  before: Option.Option<DeploymentRecord>,
  after: Option.Option<DeploymentRecord>,
  when: string
): void => {
  if (Option.isNone(before) || before.value.deployment.generation === 0) return
  const was = facts(before.value)
  const is = Option.getOrElse(Option.map(after, facts), (): ReturnType<typeof facts> => ({}))
  const changed = Object.keys(was).filter((fact) => !isDeepStrictEqual(was[fact], is[fact]))
  if (changed.length > 0) ledger.break("I5", `${changed.join(", ")} changed ${when}`)
}

/**
 * Law I16: nothing is left of a deployment.
 *
 * @category checks
 * @since 0.1.0
 */
export const gone = ({ engine, ledger, registry }: SimulatedCluster, id: string, when: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const left = yield* engine.leftovers(id)
    if (left.length > 0) ledger.break("I16", `${left.join(", ")} is left ${when}`)
    if (Option.isSome(yield* registry.find(id))) ledger.break("I16", `its record is left ${when}`)
  }).pipe(Effect.orDie)

// internal

/** All of it but when it was last written, and what the flavor notes of a restarted instance. */
const facts = ({ authKey, deployment, settings }: DeploymentRecord): Readonly<Record<string, unknown>> => {
  const { createdAt, deployer, desired, generation, id, name, snapshot } = deployment
  return { createdAt, deployer, desired, generation, id, name, snapshot, settings, authKey }
}

const disagreements = ({ deployment }: DeploymentRecord, instances: ReadonlyArray<Reality>): ReadonlyArray<string> => {
  const { desired, generation, id, name, status } = deployment
  const its = instances.filter(({ deploymentId }) => deploymentId === id)
  if (desired === "stopped" || generation === 0) {
    const wrongStatus = desired === "stopped" && status !== "absent" ? [`${name} is stopped and ${status}`] : []
    return [...its.map(({ key }) => `${key} exists and nothing of ${name} should`), ...wrongStatus]
  }
  const current = its.find((one) => one.generation === generation)
  const others = its.filter((one) => one !== current).map(({ key }) => `${key} exists besides the accepted one`)
  if (current?.answers === true && current.led === false) return [`the door of ${name} does not lead to it`]
  if (current?.answers === true) {
    return status === "running" || (current.flaky && status === "pending")
      ? others
      : [...others, `${name} serves and its record says ${status}`]
  }
  const real = current === undefined ? "is not there" : `${current.status} and does not answer`
  return [...others, `${name} should run and ${real}`]
}
