import * as Effect from "effect/Effect"
import type { Bundler } from "../Bundle/Contract.js"
import type { FromFileError } from "../Bundle/SnapshotFromFile.js"
import type * as Deployer from "../Deployer.js"
import type { StackInvalid } from "../Errors/Stacks.js"
import type { SnapshotStore } from "../Store/SnapshotStore.js"
import type { Stack } from "./Definition.js"
import { inStack, type Options, outputs, type Prepared, prepare, settingsOf } from "./Members.js"

/**
 * The change of one deployment of a stack.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedMember {
  readonly key: string
  readonly name: string
  readonly plan: Deployer.Plan
  /** The deployments whose change may give it another URL or key, and so change it, too. */
  readonly after: ReadonlyArray<string>
  /** The settings that its deployer does not have. */
  readonly ignored: ReadonlyArray<string>
}

/**
 * Failures of planning a stack.
 *
 * @category errors
 * @since 0.1.0
 */
export type PlanError = StackInvalid | FromFileError | Deployer.PlanError

/**
 * The changes that {@link deploy} would make, in its order, without making them. The URL of a deployment that does not run
 * yet is shown as `(url of NAME)`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const plan = (
  stack: Stack,
  options: Options = {}
): Effect.Effect<ReadonlyArray<PlannedMember>, PlanError, Deployer.Deployer | Bundler | SnapshotStore> =>
  Effect.flatMap(prepare(stack, options), (members) => planPrepared(members, { preview: true }))

/** The same for members that were prepared. `preview` asks their engines for the changes of objects, too. */
export const planPrepared = (
  members: ReadonlyArray<Prepared>,
  { preview }: { readonly preview: boolean }
): Effect.Effect<ReadonlyArray<PlannedMember>, StackInvalid | Deployer.PlanError> =>
  Effect.gen(function* () {
    const resolve = outputs(members, "plan")
    const planned: Array<PlannedMember> = []
    for (const member of members) {
      const { ignored, key, name, service, snapshot } = member
      const settings = yield* settingsOf(member, resolve)
      const plan = yield* inStack(member)(service.plan(snapshot, { name, settings, preview }))
      const after = planned.filter(
        (one) => member.dependencies.includes(one.key) && (one.plan.changed || one.after.length > 0)
      )
      planned.push({ key, name, plan, after: after.map((one) => one.name), ignored })
    }
    return planned
  })
