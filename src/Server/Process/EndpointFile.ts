/** Where a served process says of itself that it listens. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Endpoint } from "../../Contract/Manifest.js"

/**
 * Writes the endpoint so that nobody ever reads half of it: beside its place first, then renamed. Only the owner can
 * read it.
 */
export const write = (file: string, endpoint: Endpoint): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const temporary = `${file}.${endpoint.pid}.tmp`
    yield* fs.writeFileString(temporary, encode(endpoint), { mode: 0o600 })
    yield* fs.rename(temporary, file)
  })

// internal

const encode = Schema.encodeSync(Schema.parseJson(Endpoint))
