import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Home } from "../Store/Home.js"

/** By then the deploy that built a bundle has its snapshot. */
const grace = Duration.hours(1)

/** Removes the bundles of the home that are not used and older than that. */
export const removeUnused = (
  used: ReadonlySet<string>
): Effect.Effect<number, PlatformError, Home | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { bundles } = yield* Home
    if (!(yield* fs.exists(bundles))) return 0
    const now = yield* Clock.currentTimeMillis
    const isOld = (folder: string) =>
      Effect.map(fs.stat(folder), ({ mtime }) =>
        Option.exists(mtime, (at) => now - at.getTime() > Duration.toMillis(grace))
      )
    const others = (yield* fs.readDirectory(bundles)).filter((name) => isDigest(name) && !used.has(name))
    const unused = yield* Effect.filter(
      others.map((name) => path.join(bundles, name)),
      isOld
    )
    yield* Effect.forEach(unused, (folder) => fs.remove(folder, { recursive: true, force: true }), { discard: true })
    return unused.length
  })

// internal

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)
