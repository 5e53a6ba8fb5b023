import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { removeOld } from "../Internal/RemoveOld.js"
import { Home } from "../Store/Home.js"

/**
 * Removes the bundles of the home that are not used and older than an hour: by then the deploy that built a bundle has its
 * snapshot.
 */
export const removeUnused = (
  used: ReadonlySet<string>
): Effect.Effect<number, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { bundles } = yield* Home
    if (!(yield* fs.exists(bundles))) return 0
    return yield* removeOld(bundles, (name) => isDigest(name) && !used.has(name), "1 hour")
  })

// internal

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)
