/** The errors of a client that got no answer, or does not trust who answers. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "../../Errors/Kind.js"

/**
 * A deployment could not be called: it is not running, does not answer, or its answer is not that of a deployment.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentHttpError extends Schema.TaggedError<DeploymentHttpError>()(
  "DeploymentHttpError",
  {
    deployment: Schema.String,
    reason: Schema.String,
    url: Schema.optional(Schema.String),
    status: Schema.optional(Schema.Number),
    cause: Schema.optional(Schema.Defect)
  },
  status(502, "The deployment could not be called.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const answer = this.status === undefined ? "" : ` (HTTP ${this.status})`
    return `Deployment "${this.deployment}" could not be called${this.url ? ` at ${this.url}` : ""}${answer}: ${this.reason}.`
  }
}

/**
 * The process that listens at the URL of a deployment did not prove that it is this deployment. The client sent no key, no
 * parameters, and believed no answer.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceNotProven extends Schema.TaggedError<ServiceNotProven>()(
  "ServiceNotProven",
  { deployment: Schema.String, url: Schema.String, reason: Schema.String },
  status(502, "The process at the URL did not prove that it is the deployment.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The process at ${this.url} did not prove that it is deployment "${this.deployment}", so it received no key and no parameters: ${this.reason}.`
  }
}
