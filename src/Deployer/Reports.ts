/** The results of operations that are more than a deployment: plans, and reports of reconciling and rebuilding. */
import * as Schema from "effect/Schema"
import { Preview } from "../Deployment/ObjectChange.js"
import { Warning } from "../Deployment/Warning.js"

export { FieldChange, ObjectChange, Preview } from "../Deployment/ObjectChange.js"

/**
 * The changes that a provision would make.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Plan extends Schema.Class<Plan>("effect-deployers/Plan")({
  /** `create` a new deployment, `replace` what runs, `restart` what is stopped or broken. */
  action: Schema.Literal("create", "replace", "restart"),
  name: Schema.String,
  /** The generation it would make. */
  generation: Schema.Int,
  snapshot: Schema.Struct({ id: Schema.String, pipelineName: Schema.String, version: Schema.Int }),
  /** The settings that would change, by dotted path. */
  changes: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      from: Schema.optional(Schema.Unknown),
      to: Schema.optional(Schema.Unknown)
    })
  ),
  /** The settings of earlier calls that would stay, by dotted path. */
  kept: Schema.optionalWith(Schema.Array(Schema.Struct({ path: Schema.String, value: Schema.Unknown })), {
    default: () => []
  }),
  /** False if the deployment runs this very snapshot with these settings, and its secrets are the same since then. */
  changed: Schema.optionalWith(Schema.Boolean, { default: () => true }),
  /** True if callers would be refused for a moment, because the old instance has to stop first. */
  gap: Schema.Boolean,
  /** Differences between this machine and the place of the deployment that its code seems to meet. */
  warnings: Schema.optionalWith(Schema.Array(Warning), { default: () => [] }),
  /** The changes of the objects outside, as the engine reports them; none for flavors whose engine cannot try a change. */
  preview: Schema.optional(Preview)
}) {}

/**
 * An action of reconciling on one deployment, done or planned.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReconcileAction = Schema.Struct({
  deployment: Schema.String,
  /**
   * `finish` or `undo` an operation whose process died, `remove` an instance that belongs to no accepted generation,
   * `restore` a deployment that should serve and does not, `wait` before the next restore, `giveUp` marks a crash loop,
   * whose further restores are far apart, `observe` a new status, `leave` a deployment alone that another process is changing.
   */
  action: Schema.Literal("observe", "finish", "undo", "remove", "restore", "wait", "giveUp", "leave"),
  /** The subject and the reason, as a clause. */
  detail: Schema.String,
  /** `planned` by a dry run; `failed` was tried and is tried again the next time. */
  outcome: Schema.Literal("done", "planned", "failed"),
  /** The reason of a failure. */
  failure: Schema.optional(Schema.String)
})

export type ReconcileAction = typeof ReconcileAction.Type

/**
 * The result of reconciling.
 *
 * @category schemas
 * @since 0.1.0
 */
export class ReconcileReport extends Schema.Class<ReconcileReport>("effect-deployers/ReconcileReport")({
  /** Number of observed deployments. */
  observed: Schema.Int,
  /** The actions in their order. */
  actions: Schema.Array(ReconcileAction),
  /** The reasons of engines that did not answer; their deployments keep the last known state. */
  unavailable: Schema.Array(Schema.String)
}) {}

/**
 * The deployments that were added to a registry that had lost them.
 *
 * @category schemas
 * @since 0.1.0
 */
export class RebuildReport extends Schema.Class<RebuildReport>("effect-deployers/RebuildReport")({
  recovered: Schema.Array(
    Schema.Struct({ deployment: Schema.String, generation: Schema.Int, snapshot: Schema.String })
  ),
  /** The resources that could not be added, and the reasons. */
  skipped: Schema.Array(Schema.Struct({ resource: Schema.String, reason: Schema.String })),
  /** True if the registry took the id of the lost one. */
  renamed: Schema.Boolean
}) {}
