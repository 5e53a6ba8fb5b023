/**
 * Secrets as configuration: one file per secret in a folder, read before the environment, so that user code asks with
 * `Config.redacted("API_TOKEN")` and does not know where it came from.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"

/**
 * The configuration of a served process: secret files first, then the environment.
 *
 * @param directory The folder of the secrets; every regular file in it is one, under its name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const configProvider = (
  directory: string | undefined
): Effect.Effect<ConfigProvider.ConfigProvider, PlatformError, FileSystem.FileSystem> =>
  directory === undefined
    ? Effect.succeed(ConfigProvider.fromEnv())
    : Effect.map(read(directory), (secrets) =>
        ConfigProvider.orElse(ConfigProvider.fromMap(secrets, { pathDelim: "_", seqDelim: "," }), () =>
          ConfigProvider.fromEnv()
        )
      )

// internal

const read = (directory: string): Effect.Effect<Map<string, string>, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = yield* fs.readDirectory(directory)
    const entries = yield* Effect.forEach(names.filter(isName), (name) =>
      Effect.flatMap(fs.stat(`${directory}/${name}`), ({ type }) =>
        type === "File"
          ? Effect.map(fs.readFile(`${directory}/${name}`), (value) => [[name, decoder.decode(value)] as const])
          : Effect.succeed([])
      )
    )
    return new Map(entries.flat())
  })

/** Keeps a byte order mark. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
