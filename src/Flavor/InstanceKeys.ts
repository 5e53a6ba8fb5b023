/** The files with the live keys of instances, and their change while the instances run. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { encodeKeysFile, KeyUses, keysMaxAgeMillis, keyUsesFile, type LiveKey } from "../Contract/Keys.js"
import type { Home } from "../Store/Home.js"
import type { Instance, Keys } from "./Instance.js"
import { folders, generationsIn, readJson, writeWhole } from "./InstanceFiles.js"
import * as InstanceRecord from "./InstanceRecord.js"

/**
 * Writes the keys of an instance for its owner, whole or not at all; nothing for a service that asks for no key.
 *
 * @category writing
 * @since 0.1.0
 */
export const write = (
  file: string,
  keys: ReadonlyArray<LiveKey> | undefined
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  keys === undefined ? Effect.void : writeWhole(file, encodeKeysFile(keys), 0o600)

/**
 * Gives other keys to every instance of a deployment that has a file of keys in the home, and to their records. When it
 * succeeds, every service uses the new keys. Instances that drain get them, too.
 *
 * @param fileOf The path of the keys of a generation.
 * @param give Writes a file so that the service can read it.
 *
 * @category writing
 * @since 0.1.0
 */
export const update = <R = never>(
  instance: Pick<Instance, "deploymentId">,
  keys: Keys,
  fileOf: (generationFolder: string) => string,
  give: (file: string) => Effect.Effect<void, PlatformError, R> = () => Effect.void
): Effect.Effect<void, PlatformError, R | Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const at = yield* folders({ ...instance, generation: 0 })
    for (const generation of yield* generationsIn(at)) {
      const folder = Path.join(at.generations, `${generation}`)
      yield* InstanceRecord.replaceKeys(folder, keys)
      const file = fileOf(folder)
      if (!(yield* fs.exists(file))) continue
      const draft = `${file}.new`
      yield* write(draft, keys.live)
      yield* give(draft)
      yield* fs.rename(draft, file)
    }
    yield* Effect.sleep(keysMaxAgeMillis)
  })

/**
 * The last uses of keys that the services of a deployment have recorded in the folder of their data.
 *
 * @category reading
 * @since 0.1.0
 */
export const lastUses = (
  dataFolder: string
): Effect.Effect<ReadonlyMap<string, number>, PlatformError, FileSystem.FileSystem> =>
  Effect.map(
    readJson(Path.join(dataFolder, keyUsesFile), KeyUses),
    Option.match({ onNone: () => new Map<string, number>(), onSome: (uses) => new Map(Object.entries(uses)) })
  )
