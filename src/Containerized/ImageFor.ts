/** The search for an existing image of a snapshot. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { DeploymentSnapshotMismatch } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import type { Snapshot } from "../Snapshot/Model.js"
import { type Build, BuildStore } from "../Store/BuildStore.js"
import { buildConfiguration, checksum, type ResolvedSettings } from "./BuildConfiguration.js"

/**
 * The build of a snapshot that fits the settings, or none when the snapshot was never built.
 *
 * **Details**
 *
 * Fails with `DeploymentSnapshotMismatch` when there are builds of the snapshot but none for these settings. A deployer that
 * can build creates the missing image instead.
 *
 * @category accessors
 * @since 0.1.0
 */
export const imageFor = (
  snapshot: Snapshot,
  settings: ResolvedSettings
): Effect.Effect<Option.Option<Build>, DeploymentSnapshotMismatch | StoreError, BuildStore> =>
  Effect.gen(function* () {
    const builds = yield* BuildStore
    const wanted = checksum(buildConfiguration(snapshot, settings))
    const fitting = yield* builds.find(snapshot.id, wanted)
    if (Option.isSome(fitting)) return fitting
    const others = yield* builds.list(snapshot.id)
    return others.length === 0 ? Option.none<Build>() : yield* mismatch(snapshot, others, wanted)
  })

/**
 * The failure that a snapshot has images for other settings only.
 *
 * @param wanted the checksum of the requested configuration
 *
 * @category errors
 * @since 0.1.0
 */
export const mismatch = (
  snapshot: Snapshot,
  builds: ReadonlyArray<Build>,
  wanted: string
): DeploymentSnapshotMismatch =>
  new DeploymentSnapshotMismatch({
    snapshot: snapshot.label,
    reason: `its ${builds.length === 1 ? "image was" : `${builds.length} images were`} made for other image settings (${builds
      .map(({ checksum }) => checksum.slice(0, 12))
      .join(", ")}) than this deployer has (${wanted.slice(0, 12)})`,
    remedy: `Deploy from ${snapshot.source.file} again to build an image for these settings, or use the deployer and the image settings it was built with`
  })
