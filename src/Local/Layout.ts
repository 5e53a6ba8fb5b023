/**
 * Where the files of a local deployment are, and how they are written: whole or not at all, for the owner only.
 *
 * @since 0.1.0
 */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Instance } from "../Deployer/Backend.js"
import { Home } from "../Home.js"
import * as Metadata from "./Metadata.js"

/**
 * Paths of one generation and of what it shares with the others of its deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Paths {
  /** Everything of the deployment. */
  readonly deployment: string
  /** A folder per generation. */
  readonly generations: string
  /** The log, shared by all generations; rotated files have a number behind it. */
  readonly log: string
  /** The run store, shared by all generations. */
  readonly runStore: string
  /** Everything of the generation only. */
  readonly generation: string
  readonly manifest: string
  readonly endpoint: string
  /** What is known of the started process. */
  readonly process: string
  readonly secrets: string
}

/**
 * The paths of an instance.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paths = (instance: Pick<Instance, "deploymentId" | "generation">): Effect.Effect<Paths, never, Home> =>
  Effect.map(Home, (home) => {
    const deployment = home.deployment(instance.deploymentId)
    const generations = Path.join(deployment, "generations")
    const generation = Path.join(generations, `${instance.generation}`)
    return {
      deployment,
      generations,
      log: Path.join(deployment, "service.log"),
      runStore: Path.join(deployment, "runs.db"),
      generation,
      manifest: Path.join(generation, "manifest.json"),
      endpoint: Path.join(generation, "endpoint.json"),
      process: Path.join(generation, "process.json"),
      secrets: Path.join(generation, "secrets")
    }
  })

/**
 * The file of a generation's process: its metadata, and a digest of everything it was started with.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ProcessRecord = Schema.Struct({ ...Metadata.Metadata.fields, fingerprint: Schema.String })

/**
 * @category models
 * @since 0.1.0
 */
export type ProcessRecord = typeof ProcessRecord.Type

/**
 * Reads a JSON file. None if it is not there, or not (yet) what it should be.
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
 * Gives another value when a file is not there.
 *
 * @category error handling
 * @since 0.1.0
 */
export const orIfMissing =
  <B>(missing: B) =>
  <A, E, R>(effect: Effect.Effect<A, E | PlatformError, R>): Effect.Effect<A | B, E | PlatformError, R> =>
    Effect.catchIf(effect, isMissing, () => Effect.succeed(missing))

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
 * Removes everything of one generation, its secrets first.
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
