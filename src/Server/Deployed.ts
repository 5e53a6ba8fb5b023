/**
 * What a service knows of itself: its manifest, its pipeline, when it started.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { PipelineSchemaUnsupported } from "../Errors/Descriptions.js"
import type { Manifest } from "../Manifest.js"
import type * as Pipeline from "../Pipeline.js"
import type { PipelineSpec } from "../Snapshot/PipelineSpec.js"

/**
 * @category services
 * @since 0.1.0
 */
export class Deployed extends Context.Tag("effect-deployers/Server/Deployed")<
  Deployed,
  {
    readonly manifest: Manifest
    readonly pipeline: Pipeline.Any
    /** Made when first asked for, because a start should not wait for it. */
    readonly spec: Effect.Effect<PipelineSpec, PipelineSchemaUnsupported>
    readonly startedAt: DateTime.Utc
  }
>() {}
