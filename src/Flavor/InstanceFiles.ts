/**
 * The files of instances in the home: their paths, and writing them whole or not at all, readable by their owner only.
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Home } from "../Store/Home.js"
import type { Instance } from "./Instance.js"

/**
 * Folders of one generation and of its deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Folders {
  /** Everything of the deployment. */
  readonly deployment: string
  /** A folder per generation. */
  readonly generations: string
  /** Everything of the generation only. */
  readonly generation: string
}

/**
 * The folders of an instance.
 *
 * @category constructors
 * @since 0.1.0
 */
export const folders = (instance: Pick<Instance, "deploymentId" | "generation">): Effect.Effect<Folders, never, Home> =>
  Effect.map(Home, (home) => {
    const deployment = home.deployment(instance.deploymentId)
    const generations = Path.join(deployment, "generations")
    return { deployment, generations, generation: Path.join(generations, `${instance.generation}`) }
  })

/**
 * The paths of a generation, and of the files that all generations of its deployment share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Paths extends Folders {
  /** The log, shared by all generations; rotated files have a number behind it. */
  readonly log: string
  /** The run store, shared by all generations. */
  readonly runStore: string
  readonly manifest: string
  readonly endpoint: string
  readonly secrets: string
  /** The file of the live keys. */
  readonly keys: string
}

/**
 * The paths of an instance.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paths = (instance: Pick<Instance, "deploymentId" | "generation">): Effect.Effect<Paths, never, Home> =>
  Effect.map(folders(instance), (at) => ({
    ...at,
    log: Path.join(at.deployment, "service.log"),
    runStore: Path.join(at.deployment, "runs.db"),
    manifest: Path.join(at.generation, "manifest.json"),
    endpoint: Path.join(at.generation, "endpoint.json"),
    secrets: Path.join(at.generation, "secrets"),
    keys: Path.join(at.generation, "keys.json")
  }))

/**
 * The generations of a deployment that have files.
 *
 * @category reading
 * @since 0.1.0
 */
export const generationsIn = (
  at: Pick<Folders, "generations">
): Effect.Effect<ReadonlyArray<number>, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(at.generations)).pipe(
    orIfMissing<ReadonlyArray<string>>([]),
    Effect.map((names) => names.filter((name) => /^\d+$/.test(name)).map(Number))
  )

/**
 * Reads a JSON file; none if it does not exist, or does not (yet) match the Schema.
 *
 * @category reading
 * @since 0.1.0
 */
export const readJson = <A, I>(
  file: string,
  schema: Schema.Schema<A, I>
): Effect.Effect<Option.Option<A>, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.map(Schema.decodeUnknownOption(Schema.parseJson(schema))),
    orIfMissing(Option.none())
  )

/**
 * Returns another value when a file does not exist.
 *
 * @category reading
 * @since 0.1.0
 */
export function orIfMissing<B>(
  missing: B
): <A, E, R>(effect: Effect.Effect<A, E | PlatformError, R>) => Effect.Effect<A | B, E | PlatformError, R> {
  return (effect) => Effect.catchIf(effect, isMissing, () => Effect.succeed(missing))
}

const isMissing = (error: unknown): error is PlatformError =>
  Predicate.isTagged(error, "SystemError") && "reason" in error && error.reason === "NotFound"

/**
 * Writes a file under another name and renames it, so that readers see all of it or nothing. `mode` is that of the file.
 *
 * @category writing
 * @since 0.1.0
 */
export const writeWhole = (
  file: string,
  content: string,
  mode: number
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const draft = `${file}.tmp`
    yield* fs.remove(draft, { force: true })
    yield* fs.writeFileString(draft, content, { mode })
    yield* fs.rename(draft, file)
  })

/**
 * Writes a file per secret, each readable by its owner only, into a folder that exists.
 *
 * @category writing
 * @since 0.1.0
 */
export const writeSecrets = (
  folder: string,
  secrets: Readonly<Record<string, Redacted.Redacted>>
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.forEach(
      Object.entries(secrets),
      ([name, secret]) => fs.writeFileString(Path.join(folder, name), Redacted.value(secret), { mode: 0o400 }),
      { discard: true }
    )
  )

/**
 * Removes the files of one generation, its secrets first.
 *
 * @category writing
 * @since 0.1.0
 */
export const removeGeneration = (
  at: Pick<Paths, "generation" | "secrets">
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove(at.secrets, { recursive: true, force: true })
    yield* fs.remove(at.generation, { recursive: true, force: true })
  })

/**
 * Ends every generation of a deployment that has files, then removes the folder of the deployment.
 *
 * @category writing
 * @since 0.1.0
 */
export const removeDeployment = <E, R>(
  { deploymentId }: Pick<Instance, "deploymentId">,
  end: (instance: Pick<Instance, "deploymentId" | "generation">) => Effect.Effect<void, E, R>
): Effect.Effect<void, E | PlatformError, R | Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const at = yield* folders({ deploymentId, generation: 0 })
    for (const generation of yield* generationsIn(at)) yield* end({ deploymentId, generation })
    yield* fs.remove(at.deployment, { recursive: true, force: true })
  })
