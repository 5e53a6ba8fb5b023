/** What a service knows of itself: its manifest, its pipeline, when it started. */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { Manifest } from "../../Contract/Manifest.js"
import type { PipelineSchemaUnsupported } from "../../Errors/Descriptions.js"
import type * as Pipeline from "../../Pipeline.js"
import type { PipelineSpec } from "../../Snapshot/PipelineSpec.js"

export class ServiceInfo extends Context.Tag("effect-deployers/Server/Deployed")<
  ServiceInfo,
  {
    readonly manifest: Manifest
    readonly pipeline: Pipeline.Any
    /** Made when first asked for, because a start should not wait for it. */
    readonly spec: Effect.Effect<PipelineSpec, PipelineSchemaUnsupported>
    readonly startedAt: DateTime.Utc
  }
>() {}
