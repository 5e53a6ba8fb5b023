/** The files of `--env-file`. */
import { parseEnv } from "node:util"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { UsageError } from "../Failure.js"
import { decodeText } from "../Input.js"

/**
 * The variables of dotenv files, as `node --env-file` reads them; a later file overrides an earlier one. A value between
 * quotes may span lines, and nothing in a value is expanded.
 */
export const read = (
  files: ReadonlyArray<string>
): Effect.Effect<Readonly<Record<string, string>>, UsageError, FileSystem.FileSystem> =>
  Effect.map(Effect.forEach(files, readOne), (found) => Object.assign({}, ...found))

// internal

const readOne = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const bytes = yield* Effect.mapError(fs.readFile(path), () => unreadable(path, "cannot be read"))
  const text = yield* Effect.mapError(decodeText(bytes), () => unreadable(path, "is not UTF-8 text"))
  return parseEnv(text.replace(/^\ufeff/, ""))
})

const unreadable = (path: string, why: string) =>
  new UsageError({ message: `The file ${path} ${why}.`, hint: "Check the path given to --env-file." })
