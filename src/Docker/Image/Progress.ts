/** The progress of a build. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ResolvedBase } from "../../Containerized/BuildConfiguration.js"

/**
 * One event of a build, in this order: the base is chosen; then an image is reused, or layers are written and sent, or an
 * engine builds; then the image exists. With a repository it is pushed after that, unless it is there.
 *
 * @category models
 * @since 0.1.0
 */
export type BuildEvent = Data.TaggedEnum<{
  readonly BaseChosen: { readonly base: ResolvedBase; readonly reason: string }
  /** Output of the engine while it pulls the base. */
  readonly Pulling: { readonly reference: string; readonly text: string }
  /** A layer is on disk; `known` if the engine has it already. */
  readonly LayerWritten: {
    readonly layer: string
    readonly diffId: string
    readonly bytes: number
    readonly known: boolean
  }
  /** An archive of so many bytes is being sent to the engine. */
  readonly Sending: { readonly image: string; readonly bytes: number }
  /** Output of the engine while it builds. */
  readonly EngineSaid: { readonly text: string }
  /** The image existed already. */
  readonly Reused: { readonly image: string; readonly imageId: string }
  /** The image is being pushed to its repository under this name. */
  readonly Pushing: { readonly image: string }
  /** Output of the engine while it pushes. */
  readonly RegistrySaid: { readonly text: string }
  /** Its repository has the image under this name, and `reference` names it by digest. */
  readonly Pushed: { readonly image: string; readonly reference: string }
  readonly Finished: {
    readonly image: string
    readonly imageId: string
    readonly sizeBytes: number
    readonly executionTimeMillis: number
  }
}>

/**
 * Constructors of build events; `$is` and `$match` distinguish them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const BuildEvent = Data.taggedEnum<BuildEvent>()

/**
 * Receives events as they happen; the build waits for it.
 *
 * @category models
 * @since 0.1.0
 */
export type ReportProgress = (event: BuildEvent) => Effect.Effect<void>
