/**
 * How commands fail, and how that is said: a sentence, a hint on what to do next, and an exit code.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { isDeployersError } from "../Errors/Kind.js"

/**
 * The command was used wrongly: exit code 2.
 *
 * @category errors
 * @since 0.1.0
 */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  message: Schema.String,
  hint: Schema.UndefinedOr(Schema.String)
}) {}

/**
 * A command that already said why it did not succeed: only the exit code is left to be given.
 *
 * @category errors
 * @since 0.1.0
 */
export class Reported extends Schema.TaggedError<Reported>()("Reported", { exitCode: Schema.Int }) {}

/**
 * Exit codes of the command line interface.
 *
 * @category constants
 * @since 0.1.0
 */
export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const

/**
 * What is said of a failure.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly message: string
  readonly hint: string | undefined
  /** For `--json`: `_tag`, `message` and the error's own fields. */
  readonly json: Readonly<Record<string, unknown>>
  readonly exitCode: number
}

/**
 * Describes a failure of a command.
 *
 * @category formatting
 * @since 0.1.0
 */
export const report = (error: unknown): Report => {
  if (error instanceof UsageError) {
    return {
      message: error.message,
      hint: error.hint,
      json: { _tag: error._tag, message: error.message },
      exitCode: exitCodes.usage
    }
  }
  const tag = Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "UnexpectedError"
  const message = error instanceof Error && error.message !== "" ? error.message : `The command failed with ${tag}.`
  return {
    message,
    hint: isDeployersError(error) ? hintOf(error) : undefined,
    json: { ...fieldsOf(error), _tag: tag, message },
    exitCode: exitCodes.failure
  }
}

// internal

/** Encoded fields of a tagged error, without its cause, which is for logs. */
const fieldsOf = (error: unknown): Readonly<Record<string, unknown>> => {
  if (!(error instanceof Error) || !Schema.isSchema(error.constructor)) return {}
  const schema = error.constructor as unknown as Schema.Schema<unknown>
  const encoded = Either.getOrUndefined(Either.try((): unknown => Schema.encodeSync(schema)(error)))
  if (!Predicate.isRecord(encoded)) return {}
  const { cause: _, ...fields } = encoded
  return fields
}

type Hint = (error: Readonly<Record<string, unknown>>) => string

const named =
  (command: (name: string) => string): Hint =>
  (error) => {
    const name = error["name"] ?? error["deployment"]
    return command(typeof name === "string" && /^[a-z0-9-]+$/.test(name) ? name : "NAME")
  }

const hints: Readonly<Record<string, Hint>> = {
  DeploymentAlreadyExists: () => "Leave --no-replace away to replace it.",
  DeploymentProvisionFailed: named(
    (name) => `\`deployers logs ${name}\` shows the log; what served before still serves.`
  ),
  DeploymentTimeout: () => "`--timeout 2m` gives it more time.",
  DeploymentDeprovisionFailed: named((name) => `\`deployers describe ${name}\` shows where it stands.`),
  DeploymentInvalidParameters: named((name) => `\`deployers invoke ${name} --help\` lists the parameters.`),
  DeploymentHttpError: named((name) => `\`deployers refresh ${name}\` looks whether it runs.`),
  DeploymentSchemaNotFound: named((name) => `\`deployers describe ${name} --show-schema\` shows what is stored.`),
  DeploymentRunFailed: named((name) => `\`deployers runs ${name}\` lists its runs.`),
  DeploymentBusy: named((name) => `\`deployers events ${name}\` shows what is being done.`),
  Unauthorized: named((name) => `\`deployers describe ${name} --show-secret\` shows the key.`),
  InternalError: named((name) => `\`deployers logs ${name}\` has the details under that id.`),
  RunTimedOut: () => "`--timeout 10m` gives the run more time.",
  RunNotFound: named((name) => `\`deployers runs ${name}\` lists its runs.`),
  RunNotRepeatable: named((name) => `\`deployers invoke ${name} --help\` lists the parameters to give.`),
  SnapshotInUse: () => "`deployers delete NAME` forgets a deployment with its generations.",
  FilesInTheWay: () => "Give a folder of its own, such as `deployers init weather`.",
  PortUnavailable: () => "`--port N` chooses another port; without it a free one is found.",
  SecretNotFound: () => "`deployers secret list` shows what there is.",
  StoreError: () => "`deployers doctor` checks the registry.",
  SecretKeyError: () => "`deployers doctor` checks the key file.",
  EngineUnavailable: () => "`deployers doctor` checks this machine; nothing is known to have changed.",
  OutcomeUnknown: () => "`deployers reconcile` finishes or undoes what was begun.",
  RegistryMismatch: () =>
    "If the registry was lost or is an old copy, `deployers reconcile --rebuild` puts back what is missing; if another engine is asked, set DOCKER_HOST or the Docker context.",
  LeaseLost: () => "`deployers refresh NAME` shows where it stands."
}

const hintOf = (error: Error & { readonly _tag: string }): string | undefined => {
  const hint = Object.hasOwn(hints, error._tag) ? hints[error._tag] : undefined
  return hint?.({ ...error } as Readonly<Record<string, unknown>>)
}
