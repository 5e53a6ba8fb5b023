/** Failures of commands: a sentence, a hint on what to do next, and an exit code. */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { codeOf, type ErrorCode } from "../Contract/ErrorCodes.js"
import { InternalError } from "../Contract/Errors.js"
import { isDeployersError } from "../Errors/Kind.js"
import { commandCodes } from "./ErrorGuide/CommandCodes.js"

/**
 * Wrong usage of a command: exit code 2.
 *
 * @category errors
 * @since 0.1.0
 */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  message: Schema.String,
  hint: Schema.UndefinedOr(Schema.String)
}) {}

/**
 * The failure of a command that has already printed the reason: only the exit code remains.
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
export const exitCodes = { success: 0, failure: 1, usage: 2, hangup: 129, interrupted: 130 } as const

/**
 * The description of a failure.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly message: string
  readonly hint: string | undefined
  /** Such as `ED1001`; `deployers help ED1001` explains it. None for a failure of the pipeline's own kind. */
  readonly code: ErrorCode | undefined
  /** For `--json`: `_tag`, `code`, `message` and the error's own fields. */
  readonly json: Readonly<Record<string, unknown>>
  readonly exitCode: number
}

/**
 * Describes a failure of a command. `deployment` is the one that the command works on, for errors that do not name it.
 *
 * @category formatting
 * @since 0.1.0
 */
export const report = (error: unknown, deployment?: string): Report => {
  if (error instanceof UsageError) {
    return {
      message: error.message,
      hint: error.hint,
      code: commandCodes.UsageError,
      json: { _tag: error._tag, code: commandCodes.UsageError, message: error.message },
      exitCode: exitCodes.usage
    }
  }
  const tag = Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "UnexpectedError"
  const code = codeOf(error) ?? (tag === "UnexpectedError" ? commandCodes.UnexpectedError : undefined)
  const message = error instanceof Error && error.message !== "" ? error.message : `The command failed with ${tag}.`
  return {
    message: error instanceof InternalError ? `${message} Id: ${error.id}` : message,
    hint: isDeployersError(error) ? hintOf(error, deployment) : undefined,
    code,
    json: { ...fieldsOf(error), _tag: tag, code, message },
    exitCode: exitCodes.failure
  }
}

// internal

/** The encoded fields of a tagged error, without its cause, which is for logs. */
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
  DeploymentAlreadyExists: () => "Omit --no-replace to replace it.",
  DeploymentProvisionFailed: named(
    (name) => `\`deployers events ${name}\` shows the attempt; a version that served before still serves.`
  ),
  DeploymentCheckFailed: named(
    (name) =>
      `\`deployers logs ${name}\` shows the log; the version that served before still serves. \`--no-check\` deploys without the check.`
  ),
  DeploymentTimeout: () => "`--timeout 2m` gives the operation more time.",
  DeploymentDeprovisionFailed: named((name) => `\`deployers describe ${name}\` shows its status.`),
  DeploymentInvalidParameters: named((name) => `\`deployers invoke ${name} --help\` lists the parameters.`),
  DeploymentHttpError: named((name) => `\`deployers refresh ${name}\` reads its actual status.`),
  DeploymentSchemaNotFound: named((name) => `\`deployers describe ${name} --show-schema\` shows the stored schemas.`),
  DeploymentRunFailed: (error) =>
    typeof error["runId"] === "string"
      ? `\`deployers run describe ${error["runId"]}\` shows its steps.`
      : named((name) => `\`deployers runs ${name}\` lists its runs.`)(error),
  DeploymentBusy: named((name) => `\`deployers events ${name}\` shows the operation in progress.`),
  Unauthorized: named((name) => `\`deployers describe ${name} --show-secret\` shows the key.`),
  InternalError: (error) =>
    named((name) => `\`deployers logs ${name} | grep ${String(error["id"])}\` shows the details.`)(error),
  RunTimedOut: () => "`--timeout 10m` gives the run more time.",
  RunNotFound: named((name) => `\`deployers runs ${name}\` lists its runs.`),
  ArtifactNotFound: () => "`deployers artifacts RUN` lists the outputs of the steps of a run.",
  TriggerNotFound: named((name) => `\`deployers triggers ${name}\` lists its triggers.`),
  ScheduleNotFound: named((name) => `\`deployers schedules ${name}\` lists its schedules.`),
  WebhookDeliveryNotFound: named((name) => `\`deployers webhooks ${name}\` lists the deliveries.`),
  SessionNotFound: named((name) => `\`deployers sessions ${name}\` lists its sessions.`),
  RunNotRepeatable: named((name) => `\`deployers invoke ${name} --help\` lists the parameters.`),
  SnapshotInUse: () => "`deployers delete NAME` removes a deployment with its generations.",
  FilesInTheWay: () => "Use a new folder, such as `deployers init weather`.",
  PipelineTypeErrors: () => "`--no-typecheck` deploys without the type check.",
  PortUnavailable: () => "`--port N` selects another port; without it, the deployer selects a free one.",
  SecretNotFound: () => "`deployers secret list` shows the secrets.",
  StoreError: ({ reason }) =>
    reason === "full"
      ? "`deployers delete NAME` removes a deployment with its files, and `deployers snapshot delete` the bundle of a snapshot."
      : "`deployers doctor` checks the registry.",
  SecretKeyError: () => "`deployers doctor` checks the key file.",
  EngineUnavailable: () => "`deployers doctor` checks this machine.",
  OutcomeUnknown: () => "`deployers reconcile` finishes or undoes the operation.",
  RegistryMismatch: () =>
    "If the registry was lost or is an old copy, `deployers reconcile --rebuild` adds the missing deployments; if the engine is another one, set DOCKER_HOST or the Docker context.",
  LeaseLost: () => "`deployers refresh NAME` reads its status."
}

const hintOf = (error: Error & { readonly _tag: string }, deployment: string | undefined): string | undefined => {
  const hint = Object.hasOwn(hints, error._tag) ? hints[error._tag] : undefined
  return hint?.({ ...(deployment === undefined ? {} : { deployment }), ...error } as Readonly<Record<string, unknown>>)
}
