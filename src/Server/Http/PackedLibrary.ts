/**
 * A library in one packed file beside the program, which loads with the first request that needs it: a service without such
 * requests has neither its time nor its memory.
 */
import { fileURLToPath } from "node:url"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import { NotFound } from "../../Contract/Errors.js"

/** The place of a packed file. */
export interface Place {
  /** The address beside the module that asks, which is that of the program in a bundle. */
  readonly url: () => URL
  /** The path in the package. */
  readonly path: string
}

/** Makes the effect that loads a library, and keeps it when it is there. `Library` has the exports of the file. */
export const make = <Library>({ path, url }: Place): Effect.Effect<Library, NotFound> => {
  let loaded: Library | undefined
  const missing = () =>
    new NotFound({
      message: `The script of this endpoint is not beside the program. Copy the file ${path} of the package effect-deployers into the program's folder.`
    })
  const load = Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const packed = yield* fs.readFile(yield* Effect.try(() => fileURLToPath(url())))
    const { brotliDecompressSync } = yield* Effect.promise(() => import("node:zlib"))
    const text = brotliDecompressSync(packed).toString("base64")
    const library: Library = yield* Effect.promise(() => import(`data:text/javascript;base64,${text}`))
    loaded = library
    return library
  }).pipe(Effect.mapError(missing), Effect.provide(NodeFileSystem.layer))
  return Effect.suspend(() => (loaded === undefined ? load : Effect.succeed(loaded)))
}
