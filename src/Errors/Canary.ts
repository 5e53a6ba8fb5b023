/** The errors of canaries. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * The deployment has a candidate, so it takes no other generation.
 *
 * @category errors
 * @since 0.2.0
 */
export class CanaryActive extends Schema.TaggedError<CanaryActive>()(
  "CanaryActive",
  { name: Schema.String, generation: Schema.Int },
  status(409, "The deployment has a canary.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" has a canary, generation ${this.generation}; promote it (\`deployers promote ${this.name}\`) or abort it (\`deployers abort ${this.name}\`), then repeat the command.`
  }
}

/**
 * The deployment has no candidate.
 *
 * @category errors
 * @since 0.2.0
 */
export class CanaryNotFound extends Schema.TaggedError<CanaryNotFound>()(
  "CanaryNotFound",
  { name: Schema.String },
  status(404, "The deployment has no canary.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.name}" has no canary; \`deployers deploy FILE --name ${this.name} --canary 10%\` starts one.`
  }
}

/**
 * The flavor of the deployment leads all callers to one generation.
 *
 * @category errors
 * @since 0.2.0
 */
export class CanaryUnsupported extends Schema.TaggedError<CanaryUnsupported>()(
  "CanaryUnsupported",
  { name: Schema.String, flavor: Schema.String },
  status(409, "The flavor has no canaries.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The ${this.flavor} deployer leads all callers of "${this.name}" to one generation, so it has no canaries; deploy without one, or deploy to Kubernetes.`
  }
}

/**
 * More runs of the candidate failed than the caller permits, so the candidate was removed. The accepted generation never
 * changed.
 *
 * @category errors
 * @since 0.2.0
 */
export class CanaryAborted extends Schema.TaggedError<CanaryAborted>()(
  "CanaryAborted",
  {
    name: Schema.String,
    generation: Schema.Int,
    /** The number of runs of the candidate that failed. */
    failed: Schema.Int,
    /** The number of runs of the candidate that finished or failed. */
    ended: Schema.Int,
    /** The permitted percentage. */
    abortOnPercent: Schema.Number
  },
  status(409, "The canary was aborted.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const percent = Math.round((this.failed / Math.max(1, this.ended)) * 1_000) / 10
    return `The canary of "${this.name}", generation ${this.generation}, was aborted: ${this.failed} of ${this.ended} runs failed (${percent}%), and ${this.abortOnPercent}% are permitted; the version before serves all callers. Look into the failed runs before the next canary.`
  }
}
