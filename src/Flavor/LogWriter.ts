/** The lines of the deployer in the log of a deployment. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Snapshot } from "../Snapshot/Model.js"
import type { Instance } from "./Backend.js"
import { orIfMissing } from "./InstanceFiles.js"

/**
 * Appends a JSON line with the generation that starts: the lines behind it are of that generation, or of one that drains. The
 * log is created with mode 0600 if it does not exist.
 */
export const markStart = (
  file: string,
  request: Instance & { readonly snapshot: Snapshot }
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const line = JSON.stringify({
      timestamp: DateTime.formatIso(yield* DateTime.now),
      level: "INFO",
      message: `Starting generation ${request.generation} with ${request.snapshot.label}`,
      deployment: request.name,
      generation: request.generation
    })
    const separator = (yield* endsInsideLine(file)) ? "\n" : ""
    yield* fs.writeFileString(file, `${separator}${line}\n`, { flag: "a", mode: 0o600 })
  })

const newline = 10

const endsInsideLine = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { size } = yield* fs.stat(file)
    if (size === 0n) return false
    const log = yield* fs.open(file, { flag: "r" })
    yield* log.seek(size - 1n, "start")
    const last = yield* log.readAlloc(1)
    return Option.isSome(last) && last.value[0] !== newline
  }).pipe(Effect.scoped, orIfMissing(false))
