/**
 * The record of the last generation whose check passed. An engine that restarts an instance runs its program anew; the check
 * belongs to the deploy and does not run again.
 */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { Manifest } from "../../Contract/Manifest.js"

/** The manifest without its check, if the check of the generation has passed. */
export const withoutPassed = (manifest: Manifest): Effect.Effect<Manifest, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    if (manifest.check === undefined) return manifest
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.orElseSucceed(fs.readFileString(fileOf(manifest)), () => "")
    const { check: _, ...rest } = manifest
    return Number.parseInt(text, 10) >= manifest.generation ? rest : manifest
  })

/** Records that the check of a manifest passed. A failure is logged: at worst, the check runs again. */
export const write = (manifest: Manifest): Effect.Effect<void, never, FileSystem.FileSystem> =>
  manifest.check === undefined
    ? Effect.void
    : Effect.flatMap(FileSystem.FileSystem, (fs) =>
        fs.writeFileString(fileOf(manifest), `${manifest.generation}\n`, { mode: 0o600 })
      ).pipe(Effect.catchAll((error) => Effect.logWarning(`The check could not be recorded: ${error.message}`)))

// internal

/** Beside the run store, in the folder that outlives the process. */
const fileOf = ({ runStore }: Manifest): string => Path.join(Path.dirname(runStore), "last-check")
