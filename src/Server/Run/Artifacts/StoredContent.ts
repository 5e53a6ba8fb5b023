/** Contents of the store of artifacts, as sources of bytes. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Artifacts from "../../../Artifacts.js"
import * as ByteSource from "./ByteSource.js"

type Store = Artifacts.ArtifactStore["Type"]

/** The digest and the size of a content. */
export interface Described {
  readonly digest: string
  readonly size: number
}

/** A source that reads a content in parts; `undefined` for a small one, and for a store that gives contents whole. */
export const inParts = ({ getStream }: Store, { digest, size }: Described): ByteSource.ByteSource | undefined =>
  getStream === undefined || size <= ByteSource.memoryBytes
    ? undefined
    : {
        _tag: "Parts",
        size,
        read: (part) =>
          Stream.unwrap(
            Effect.map(
              getStream(digest, part),
              Option.getOrElse(() => Stream.fail(gone(digest)))
            )
          )
      }

/** A content of the store; none if it is not there. */
export const find = (
  store: Store,
  content: Described
): Effect.Effect<Option.Option<ByteSource.ByteSource>, Artifacts.ArtifactStoreError> => {
  const source = inParts(store, content)
  return source === undefined || store.getStream === undefined
    ? Effect.map(store.get(content.digest), Option.map(ByteSource.ofBytes))
    : Effect.map(store.getStream(content.digest, { start: 0, length: 0 }), Option.as(source))
}

// internal

const gone = (digest: string) =>
  new Artifacts.ArtifactStoreError({ operation: "get", digest, reason: "the content was removed" })
