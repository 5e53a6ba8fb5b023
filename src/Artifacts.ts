/**
 * The store of large outputs of steps, by their content. A service keeps them in files beside its run store; a pipeline gives
 * another store with `Pipeline.provide`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { ArtifactStoreError } from "./Errors/Artifacts.js"

export { ArtifactStoreError } from "./Errors/Artifacts.js"

/**
 * Keeps contents by their SHA-256 digests (64 hexadecimal digits).
 *
 * @example
 * ```ts
 * import { Effect, Layer, Option, Schema } from "effect"
 * import { Artifacts, Pipeline } from "effect-deployers"
 *
 * // For example a bucket of an object store.
 * declare const bucket: {
 *   readonly put: (key: string, bytes: Uint8Array) => Effect.Effect<void>
 *   readonly get: (key: string) => Effect.Effect<Uint8Array | undefined>
 *   readonly remove: (key: string) => Effect.Effect<void>
 * }
 *
 * const InBucket = Layer.succeed(Artifacts.ArtifactStore, {
 *   put: bucket.put,
 *   get: (digest) => Effect.map(bucket.get(digest), Option.fromNullable),
 *   remove: bucket.remove
 * })
 *
 * export const report = Pipeline.make("report", {
 *   input: Schema.Struct({}),
 *   output: Schema.String,
 *   settings: { artifactBytes: 65_536 },
 *   run: () => Effect.succeed("done")
 * }).pipe(Pipeline.provide(InBucket))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class ArtifactStore extends Context.Tag("effect-deployers/ArtifactStore")<
  ArtifactStore,
  {
    /** Keeps a content. When it succeeds, the content outlives the process. A content that is there stays as it is. */
    readonly put: (digest: string, bytes: Uint8Array) => Effect.Effect<void, ArtifactStoreError>
    /** A content; none if it is not there. */
    readonly get: (digest: string) => Effect.Effect<Option.Option<Uint8Array>, ArtifactStoreError>
    /** Removes a content; one that is not there stays absent. */
    readonly remove: (digest: string) => Effect.Effect<void, ArtifactStoreError>
    /**
     * Keeps a content that comes in parts, as `put` does. A content whose stream dies is not kept. A store without this gets large
     * contents whole.
     */
    readonly putStream?:
      | ((digest: string, content: Stream.Stream<Uint8Array>, bytes: number) => Effect.Effect<void, ArtifactStoreError>)
      | undefined
    /**
     * A part of a content, read no faster than it is taken; none if the content is not there. A store without this gives large
     * contents whole.
     */
    readonly getStream?:
      | ((
          digest: string,
          part: { readonly start: number; readonly length: number }
        ) => Effect.Effect<Option.Option<Stream.Stream<Uint8Array, ArtifactStoreError>>, ArtifactStoreError>)
      | undefined
  }
>() {}

/**
 * Keeps contents in memory, for tests.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<ArtifactStore> = Layer.sync(ArtifactStore, () => {
  const contents = new Map<string, Uint8Array>()
  return {
    put: (digest, bytes) => Effect.sync(() => void contents.set(digest, bytes)),
    get: (digest) => Effect.sync(() => Option.fromNullable(contents.get(digest))),
    remove: (digest) => Effect.sync(() => void contents.delete(digest))
  }
})
