/** Snapshots in the registry. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { StoreError } from "../Errors/Stores.js"
import type { Draft, Snapshot } from "../Snapshot/Model.js"

/**
 * Keeps snapshots. They never change; the same content is kept once.
 *
 * @category services
 * @since 0.1.0
 */
export class SnapshotStore extends Context.Tag("effect-deployers/Store/SnapshotStore")<
  SnapshotStore,
  {
    /** Stores a draft as the next version of its pipeline; equal content gives the snapshot that is there already. */
    readonly put: (draft: Draft) => Effect.Effect<Snapshot, StoreError>
    /** By id, by `name@version`, or by pipeline name (the newest version). */
    readonly find: (ref: string) => Effect.Effect<Option.Option<Snapshot>, StoreError>
    /** Newest first; of one pipeline if named. */
    readonly list: (options?: {
      readonly pipelineName?: string | undefined
    }) => Effect.Effect<ReadonlyArray<Snapshot>, StoreError>
    /** Puts a snapshot back, with its id, that the registry does not know any more. One of equal content stays as it is. */
    readonly recover: (snapshot: Snapshot) => Effect.Effect<Snapshot, StoreError>
    /** Removes a snapshot that no deployment or revision refers to; `false` if one does. Removing a missing one is `true`. */
    readonly remove: (id: string) => Effect.Effect<boolean, StoreError>
  }
>() {}
