/** Settings of a server inside one's own program. */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Manifest } from "../Contract/Manifest.js"
import { formatIssues, Issue } from "../Errors/Issue.js"
import type * as Pipeline from "../Pipeline.js"
import { splitBundling } from "../Settings/Bundling.js"
import * as Settings from "../Settings/Serving.js"
import { digest } from "./Http/BearerAuth.js"
import * as ValidationIssues from "./Run/ValidationIssues.js"

/**
 * Settings of a server. Each has a default.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerSettings {
  /** The name that runs, `/info` and log records carry; default the name of the pipeline. */
  readonly name?: string | undefined
  /**
   * The address to listen on; default `127.0.0.1`. An app has no port of its own: with a loopback address and without a key
   * it answers only requests to localhost, and by default to any host.
   */
  readonly host?: string | undefined
  /** The port to listen on; default one that the system chooses. An app does not use it. */
  readonly port?: number | undefined
  /** Keys that callers may send as `Authorization: Bearer KEY`; default none, which means that no key is needed. */
  readonly authKeys?: ReadonlyArray<Redacted.Redacted> | undefined
  /** Paths, limits and recording; each field wins over the same setting of the pipeline. */
  readonly serving?: Settings.ServingInput | undefined
  /** The generation that `/info` reports; default 1. */
  readonly generation?: number | undefined
  /** The version of the pipeline, a part of the snapshot name `pipeline@version`; default 1. */
  readonly version?: number | undefined
  /** Default `name`. */
  readonly deploymentId?: string | undefined
  /** Default the snapshot name. */
  readonly snapshotId?: string | undefined
}

/**
 * A setting of a server is not acceptable. Nothing was started.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerInvalidSettings extends Schema.TaggedError<ServerInvalidSettings>()("ServerInvalidSettings", {
  pipeline: Schema.String,
  issues: Schema.Array(Issue)
}) {
  override get message(): string {
    return `The server settings of pipeline "${this.pipeline}" are not valid: ${formatIssues(this.issues)}.`
  }
}

/**
 * The manifest of a pipeline that is served with these settings.
 *
 * @category constructors
 * @since 0.1.0
 */
export const manifest = (
  pipeline: Pipeline.Any,
  settings: ServerSettings = {}
): Effect.Effect<Manifest, ServerInvalidSettings> =>
  Effect.gen(function* () {
    const refuse = (prefix: ReadonlyArray<string>) => (issue: ParseResult.ParseIssue) =>
      new ServerInvalidSettings({ pipeline: pipeline.name, issues: ValidationIssues.fromParseIssue(issue, prefix) })
    const given = yield* Effect.mapError(decode(settings), refuse([]))
    const merged = { ...splitBundling(pipeline.settings).others, ...settings.serving, workers: 1 }
    const serving = yield* Effect.mapError(decodeServing(merged), refuse(["serving"]))
    const { name = pipeline.name, version = 1 } = given
    return {
      formatVersion: 1 as const,
      deployment: { id: given.deploymentId ?? name, name },
      generation: given.generation ?? 1,
      snapshot: {
        id: given.snapshotId ?? `${pipeline.name}@${version}`,
        pipelineName: pipeline.name,
        version,
        digest: unbundled
      },
      serving,
      listen: { host: given.host ?? "127.0.0.1", port: given.port ?? 0, fallback: false },
      authKeyDigests: (given.authKeys ?? []).map((key) => digest(Redacted.value(key))),
      runStore: ":memory:",
      endpointFile: "endpoint.json"
    }
  })

// internal

/** A server inside a program has no bundle. */
const unbundled = "0".repeat(64)

const whole = (min: number, max: number) =>
  Schema.Int.pipe(Schema.between(min, max)).annotations({
    message: () => ({ message: `must be a whole number from ${min} to ${max}`, override: true })
  })

const Key = Schema.RedactedFromSelf(
  Schema.String.pipe(Schema.pattern(/^[\x21-\x7e]+$/, { message: () => "must be visible ASCII characters" }))
)

const Serving = Settings.Serving.pipe(
  Schema.filter(({ workers }) =>
    workers === 1
      ? undefined
      : {
          path: ["workers"],
          message: "must be 1, because a server inside a program is one process; deploy the pipeline for more"
        }
  )
)

const Given = Schema.Struct({
  name: Schema.optional(Schema.NonEmptyString),
  host: Schema.optional(Schema.NonEmptyString),
  port: Schema.optional(whole(0, 65_535)),
  authKeys: Schema.optional(Schema.Array(Key)),
  serving: Schema.optional(Serving),
  generation: Schema.optional(whole(1, 2 ** 31 - 1)),
  version: Schema.optional(whole(1, 2 ** 31 - 1)),
  deploymentId: Schema.optional(Schema.NonEmptyString),
  snapshotId: Schema.optional(Schema.NonEmptyString)
})

const strict = { errors: "all", onExcessProperty: "error" } as const

const decode = ParseResult.decodeUnknown(Given, strict)

const decodeServing = ParseResult.decodeUnknown(Settings.Serving, { errors: "all" })
