/** The digests and the compressed forms of files, which are kept while the files do not change. */
import { createHash } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Compression from "../Compression.js"
import type { Found } from "./Find.js"

export interface Contents {
  /** The digest of a file, which names its content. */
  readonly digest: (found: Found) => Effect.Effect<string, unknown, FileSystem.FileSystem>
  /** A compressed file. */
  readonly compressed: (
    found: Found,
    encoding: Compression.Encoding
  ) => Effect.Effect<Uint8Array, unknown, FileSystem.FileSystem>
}

/** A larger file is sent as it is. */
export const mostBytes = 8_388_608

/** Makes the memory of a service. */
export const make = (): Contents => {
  const digests = new Map<string, { readonly state: string; readonly digest: string }>()
  const kept = new Map<string, Uint8Array>()
  let keptBytes = 0
  const digest: Contents["digest"] = (found) =>
    Effect.suspend(() => {
      const state = `${found.bytes} ${found.modifiedMillis}`
      const known = digests.get(found.file)
      if (known?.state === state) return Effect.succeed(known.digest)
      return Effect.map(digestOf(found.file), (digest) => {
        digests.set(found.file, { state, digest })
        return digest
      })
    })
  const keep = (key: string, bytes: Uint8Array) => {
    if (keptBytes + bytes.length > mostKept) {
      kept.clear()
      keptBytes = 0
    }
    kept.set(key, bytes)
    keptBytes += bytes.length
    return bytes
  }
  return {
    digest,
    compressed: (found, encoding) =>
      Effect.gen(function* () {
        const key = `${yield* digest(found)} ${encoding}`
        const known = kept.get(key)
        if (known !== undefined) return known
        const fs = yield* FileSystem.FileSystem
        const content = yield* fs.readFile(found.file)
        const bytes = yield* Effect.async<Uint8Array>((resume) =>
          Compression.compress(content, encoding, (compressed) => resume(Effect.succeed(compressed)))
        )
        return keep(key, bytes)
      })
  }
}

// internal

/** Most bytes of compressed files in memory. */
const mostKept = 33_554_432

const digestOf = (file: string): Effect.Effect<string, unknown, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const hash = createHash("sha256")
    yield* Stream.runForEach(fs.stream(file), (chunk) => Effect.sync(() => hash.update(chunk)))
    return hash.digest("base64url").slice(0, 27)
  })
