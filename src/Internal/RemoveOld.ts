/** The removal of leftovers. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Removes the selected entries of a folder that are older than `age` and returns their number. */
export const removeOld = (
  folder: string,
  isSelected: (name: string) => boolean,
  age: Duration.DurationInput
): Effect.Effect<number, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const oldest = (yield* Clock.currentTimeMillis) - Duration.toMillis(age)
    const selected = (yield* fs.readDirectory(folder)).filter(isSelected).map((name) => Path.join(folder, name))
    const old = yield* Effect.filter(selected, (path) =>
      Effect.map(fs.stat(path), ({ mtime }) => Option.exists(mtime, (at) => at.getTime() < oldest))
    )
    yield* Effect.forEach(old, (path) => fs.remove(path, { recursive: true, force: true }), { discard: true })
    return old.length
  })
