/** The identity of a service: its manifest, its pipeline, the time of its start. */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { Manifest } from "../../Contract/Manifest.js"
import type { PipelineSchemaUnsupported } from "../../Errors/Descriptions.js"
import type * as Pipeline from "../../Pipeline.js"
import type { PipelineSpec } from "../../Snapshot/Spec.js"

export class ServiceInfo extends Context.Tag("effect-deployers/Server/Deployed")<
  ServiceInfo,
  {
    readonly manifest: Manifest
    readonly pipeline: Pipeline.Any
    /** Compiled at the first use, so that a start does not wait for it. */
    readonly spec: Effect.Effect<PipelineSpec, PipelineSchemaUnsupported>
    readonly startedAt: DateTime.Utc
  }
>() {}
