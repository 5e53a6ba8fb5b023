/** Every file below a folder by its path, with what is in it. */
import { FileSystem } from "@effect/platform"
import { Effect } from "effect"

export const filesBelow = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = (yield* fs.readDirectory(folder, { recursive: true })).sort()
    const contents = yield* Effect.forEach(names, (name) =>
      Effect.gen(function* () {
        const path = `${folder}/${name}`
        return (yield* fs.stat(path)).type === "File" ? [[path, yield* fs.readFileString(path)] as const] : []
      })
    )
    return Object.fromEntries(contents.flat())
  }).pipe(Effect.orDie)
