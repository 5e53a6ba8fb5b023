/**
 * What happens while an image is made.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ResolvedBase } from "../../Containerized/BuildConfiguration.js"

/**
 * One thing that happened, in this order: the base is known, then either an image is reused or layers are written and
 * sent, or an engine builds; at last the image is there.
 *
 * @category models
 * @since 0.1.0
 */
export type BuildEvent = Data.TaggedEnum<{
  readonly BaseChosen: { readonly base: ResolvedBase; readonly reason: string }
  /** What the engine says while it fetches the base. */
  readonly Pulling: { readonly reference: string; readonly text: string }
  /** A layer is on disk; `known` when the engine has it already. */
  readonly LayerWritten: {
    readonly layer: string
    readonly diffId: string
    readonly bytes: number
    readonly known: boolean
  }
  /** Bytes of an archive that are on their way to the engine. */
  readonly Sending: { readonly image: string; readonly bytes: number }
  /** What the engine says while it builds. */
  readonly EngineSaid: { readonly text: string }
  /** Nothing had to be made. */
  readonly Reused: { readonly image: string; readonly imageId: string }
  readonly Finished: {
    readonly image: string
    readonly imageId: string
    readonly sizeBytes: number
    readonly executionTimeMillis: number
  }
}>

/**
 * Makes build events; `$is` and `$match` tell them apart.
 *
 * @category constructors
 * @since 0.1.0
 */
export const BuildEvent = Data.taggedEnum<BuildEvent>()

/**
 * Takes events as they happen; the build waits for it.
 *
 * @category models
 * @since 0.1.0
 */
export type ReportProgress = (event: BuildEvent) => Effect.Effect<void>
