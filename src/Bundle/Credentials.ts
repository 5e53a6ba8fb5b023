/** Own files that usually hold credentials. Code may name their whole folder, and a bundle becomes a part of images. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Boundary } from "./Boundary.js"
import { isPrivateKey, refusalOf } from "./Refusals.js"

/** The reasons against files, by file. Files of installed packages are public. */
export const find = (
  files: Iterable<string>,
  boundary: Boundary
): Effect.Effect<ReadonlyMap<string, string>, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const refused = new Map<string, string>()
    for (const file of new Set(files)) {
      if (/[\\/]node_modules(?:[\\/]|$)/.test(file)) continue
      const names = boundary.placeOf(file).split("/").slice(1)
      const reason = names.map(refusalOf).find((reason) => reason !== undefined)
      if (reason !== undefined) refused.set(file, reason)
      else if (isPrivateKey(yield* headOf(file))) refused.set(file, "it is a private key; give keys as secrets")
    }
    return refused
  })

// internal

const headBytes = 4_096

/** Nothing for a folder, or a link to nothing. */
const headOf = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const info = yield* Effect.option(fs.stat(file))
    if (info._tag === "None" || info.value.type !== "File") return new Uint8Array()
    const chunks = yield* fs.stream(file, { bytesToRead: headBytes }).pipe(Stream.runCollect)
    return Buffer.concat(Chunk.toReadonlyArray(chunks))
  })
