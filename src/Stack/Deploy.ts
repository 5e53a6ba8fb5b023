import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Bundler } from "../Bundle/Contract.js"
import type * as Deployer from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import type { StackInvalid } from "../Errors/Stacks.js"
import { StackNotRestored } from "../Errors/Stacks.js"
import type { SnapshotStore } from "../Store/SnapshotStore.js"
import type { Stack } from "./Definition.js"
import { inStack, type Options, outputs, type Prepared, prepare, settingsOf } from "./Members.js"
import { type PlanError, planPrepared } from "./Plan.js"
import { restore } from "./Restore.js"

export type { Options } from "./Members.js"

/**
 * One deployment of a deployed stack.
 *
 * @category models
 * @since 0.1.0
 */
export interface Deployed {
  readonly key: string
  readonly deployment: Deployment
  /** False if it served this version with these settings before; it has no new generation then. */
  readonly changed: boolean
}

/**
 * The deployments of a deployed stack, each after those it refers to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Result {
  readonly deployments: ReadonlyArray<Deployed>
  /** True if any of them changed. */
  readonly changed: boolean
}

/**
 * Failures of deploying a stack. After each of them but `StackNotRestored`, the old versions serve.
 *
 * @category errors
 * @since 0.1.0
 */
export type DeployError = PlanError | Deployer.ProvisionError | StackNotRestored

/**
 * The services that deploying a stack needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = Deployer.Deployer | Bundler | SnapshotStore

/**
 * Deploys a stack: plans all of it, then makes each deployment after those it refers to, independent ones at the same
 * time.
 *
 * **Details**
 *
 * All or nothing: when one fails, or the effect is interrupted, those that changed return to their previous generation, in
 * reverse order, and new ones are deleted. The settings of the stack are all settings of its deployments. A deployment that
 * runs its version with its settings is left alone.
 *
 * @category running
 * @since 0.1.0
 */
export const deploy = (stack: Stack, options: Options = {}): Effect.Effect<Result, DeployError, Requirements> =>
  Effect.gen(function* () {
    const members = yield* prepare(stack, options)
    yield* planPrepared(members, { preview: false })
    return yield* deployPrepared(members)
  }).pipe(Effect.withSpan("Stack.deploy"))

/** The same for members that were prepared and planned. */
export const deployPrepared = (
  members: ReadonlyArray<Prepared>
): Effect.Effect<Result, StackInvalid | Deployer.ProvisionError | StackNotRestored> =>
  Effect.uninterruptibleMask((run) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(run(deployAll(members)))
      if (Exit.isSuccess(exit)) return exit.value
      const failures = yield* restore(members)
      if (failures.length === 0) return yield* Effect.failCause(exit.cause)
      return yield* new StackNotRestored({ reason: reasonOf(exit.cause), failures })
    })
  )

// internal

const deployAll = (members: ReadonlyArray<Prepared>): Effect.Effect<Result, StackInvalid | Deployer.ProvisionError> =>
  Effect.gen(function* () {
    const gates = yield* Effect.forEach(members, ({ key }) =>
      Effect.map(Deferred.make<void>(), (gate) => ({ key, gate }))
    )
    const deployments = yield* Effect.forEach(
      members,
      (member) =>
        Effect.gen(function* () {
          const before = gates.filter(({ key }) => member.dependencies.includes(key))
          yield* Effect.forEach(before, ({ gate }) => Deferred.await(gate), { discard: true })
          const settings = yield* settingsOf(member, outputs(members))
          const deployed = yield* inStack(member)(deployOne(member, settings))
          const own = gates.filter(({ key }) => key === member.key)
          yield* Effect.forEach(own, ({ gate }) => Deferred.succeed(gate, undefined), { discard: true })
          return deployed
        }),
      { concurrency: "unbounded" }
    )
    return { deployments, changed: deployments.some(({ changed }) => changed) }
  })

const deployOne = ({ before, key, name, service, snapshot }: Prepared, settings: Readonly<Record<string, unknown>>) =>
  Effect.map(
    service.getOrCreate(snapshot, { name, settings }),
    (deployment): Deployed => ({
      key,
      deployment,
      changed: before === undefined || deployment.generation !== before.generation
    })
  )

const reasonOf = (cause: Cause.Cause<{ readonly message: string }>): string =>
  Cause.isInterruptedOnly(cause) ? "The deploy of the stack was interrupted." : (Cause.squash(cause) as Error).message
