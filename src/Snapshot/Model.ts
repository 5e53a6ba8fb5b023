import * as Schema from "effect/Schema"
import * as Settings from "../Settings.js"
import { PipelineSpec } from "./Spec.js"

/**
 * A native package a bundle cannot contain and finds installed beside it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const External = Schema.Struct({ name: Schema.String, version: Schema.String })

export type External = typeof External.Type

/**
 * An immutable, versioned record of a compiled pipeline.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Snapshot extends Schema.Class<Snapshot>("effect-deployers/Snapshot")({
  /** UUIDv7. */
  id: Schema.String,
  pipelineName: Schema.String,
  /** Counts from 1 for each pipeline name. */
  version: Schema.Int,
  spec: PipelineSpec,
  /** Deployment settings that come with the snapshot, below those of a call. */
  settings: Settings.Deployment.pipe(Schema.encodedSchema),
  bundle: Schema.Struct({
    /** SHA-256 (hex) of the bundle file. */
    digest: Schema.String,
    externals: Schema.Array(External)
  }),
  /** Source of the pipeline. */
  source: Schema.Struct({ file: Schema.String, export: Schema.String }),
  createdAt: Schema.DateTimeUtc
}) {
  /** `name@version`, the short way to refer to it. */
  get label(): string {
    return `${this.pipelineName}@${this.version}`
  }
}

/**
 * A snapshot before the registry gave it an id, a version and a time.
 *
 * @category models
 * @since 0.1.0
 */
export type Draft = Omit<Schema.Schema.Type<typeof Snapshot>, "id" | "version" | "createdAt" | "label">
