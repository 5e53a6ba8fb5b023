/** The file in which a served process writes its address. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Endpoint } from "../../Contract/Manifest.js"

/** Writes the endpoint to another file and renames it, so that a reader never sees a part. Only the owner can read it. */
export const write = (file: string, endpoint: Endpoint): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const temporary = `${file}.${endpoint.pid}.tmp`
    yield* fs.writeFileString(temporary, encode(endpoint), { mode: 0o600 })
    yield* fs.rename(temporary, file)
  })

// internal

const encode = Schema.encodeSync(Schema.parseJson(Endpoint))
