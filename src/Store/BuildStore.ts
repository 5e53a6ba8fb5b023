/** Builds in the registry: the images made of snapshots. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StoreError } from "../Errors/Stores.js"

/**
 * The image made of a snapshot for deployers with the same image settings.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Build extends Schema.Class<Build>("effect-deployers/Build")({
  /** UUIDv7. */
  id: Schema.String,
  snapshotId: Schema.String,
  /** SHA-256 (hex) of everything besides the snapshot that went into the image. */
  checksum: Schema.String,
  image: Schema.String,
  createdAt: Schema.DateTimeUtc
}) {}

/**
 * Keeps the image of each snapshot, so that an image is made once.
 *
 * @category services
 * @since 0.1.0
 */
export class BuildStore extends Context.Tag("effect-deployers/Store/BuildStore")<
  BuildStore,
  {
    /** Stores a build; one with the same snapshot and checksum is replaced. */
    readonly put: (build: {
      readonly snapshotId: string
      readonly checksum: string
      readonly image: string
    }) => Effect.Effect<Build, StoreError>
    /** The build of a snapshot with that checksum. */
    readonly find: (snapshotId: string, checksum: string) => Effect.Effect<Option.Option<Build>, StoreError>
    /** All builds of a snapshot, newest first. */
    readonly list: (snapshotId: string) => Effect.Effect<ReadonlyArray<Build>, StoreError>
  }
>() {}
