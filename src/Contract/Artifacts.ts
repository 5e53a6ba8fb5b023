/** Artifacts of runs as the service answers them: the outputs of steps as contents with a digest. */
import * as Schema from "effect/Schema"

/**
 * The place of a step's output that is not in the record of its run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ArtifactRef = Schema.Struct({
  /** SHA-256 of the content in hexadecimal digits. */
  digest: Schema.String,
  bytes: Schema.Int
})

export type ArtifactRef = typeof ArtifactRef.Type

/**
 * The output of a step of a run as a content.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Artifact = Schema.Struct({
  /** The call of the step that made it: `forecast`, `forecast#2`, ... */
  step: Schema.String,
  ...ArtifactRef.fields,
  contentType: Schema.String,
  /** `record`: in the record of the run. `store`: in the store of artifacts, because it is large. */
  place: Schema.Literal("record", "store"),
  createdAt: Schema.DateTimeUtc,
  /** SHA-256 of the input of the step as JSON, with the setting `artifactBytes`. The digest of an output that was passed on. */
  inputDigest: Schema.optional(Schema.String),
  /** The call that executed, if the step used its output again. */
  cachedFrom: Schema.optional(Schema.Struct({ runId: Schema.String, step: Schema.String }))
})

export type Artifact = typeof Artifact.Type

/**
 * The artifacts of a run, in the order in which its steps started.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ArtifactList = Schema.Struct({ runId: Schema.String, artifacts: Schema.Array(Artifact) })

export type ArtifactList = typeof ArtifactList.Type
