/** The errors of a caller's input. */
import * as Schema from "effect/Schema"
import { formatIssues, Issue } from "./Issue.js"
import { status, TypeId } from "./Kind.js"

/**
 * A deployment name breaks the grammar.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidName extends Schema.TaggedError<InvalidName>()(
  "InvalidName",
  { name: Schema.String },
  status(400, "The name breaks the grammar of deployment names.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${JSON.stringify(this.name)} cannot name a deployment: use 1 to 40 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen.`
  }
}

/**
 * Settings did not decode, or the flavor cannot honour one of them.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentInvalidSettings extends Schema.TaggedError<DeploymentInvalidSettings>()(
  "DeploymentInvalidSettings",
  { issues: Schema.Array(Issue) },
  status(400, "The settings are not valid.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The deployment settings are not valid: ${formatIssues(this.issues)}.`
  }
}

/**
 * Parameters of an invocation do not fit the pipeline's input schema.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeploymentInvalidParameters extends Schema.TaggedError<DeploymentInvalidParameters>()(
  "DeploymentInvalidParameters",
  { deployment: Schema.String, issues: Schema.Array(Issue) },
  status(400, "The parameters do not fit the pipeline's input.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The parameters do not fit the input of "${this.deployment}": ${formatIssues(this.issues)}.`
  }
}

/**
 * The registry does not have the secret.
 *
 * @category errors
 * @since 0.1.0
 */
export class SecretNotFound extends Schema.TaggedError<SecretNotFound>()(
  "SecretNotFound",
  { name: Schema.String },
  status(404, "No such secret.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There is no secret named "${this.name}"; set it with \`deployers secret set ${this.name}\`.`
  }
}

/**
 * Files are there already that would have to be overwritten. Nothing was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class FilesInTheWay extends Schema.TaggedError<FilesInTheWay>()(
  "FilesInTheWay",
  { folder: Schema.String, files: Schema.Array(Schema.String) },
  status(409, "Files are there that would have to be overwritten.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${this.folder} has ${this.files.join(", ")} already; nothing was written.`
  }
}

/**
 * The deployment has no live key with that id.
 *
 * @category errors
 * @since 0.1.0
 */
export class AuthKeyNotFound extends Schema.TaggedError<AuthKeyNotFound>()(
  "AuthKeyNotFound",
  { deployment: Schema.String, key: Schema.String },
  status(404, "No such key.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Deployment "${this.deployment}" has no key "${this.key}"; \`deployers auth list ${this.deployment}\` shows its keys.`
  }
}
