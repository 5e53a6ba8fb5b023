import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Manifest } from "../Contract/Manifest.js"
import * as Settings from "../Settings/Serving.js"
import * as Child from "./Child.js"
import type { Bundle } from "./Contract.js"
import { names } from "./Names.js"

type Needs = FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor

const deadline = Duration.seconds(30)

/**
 * Writes V8's code cache of a bundle for this Node, if there is none: its program runs once with a pipeline of the library.
 * A bundle without a cache only starts more slowly, so nothing fails here.
 */
export const ensure = (bundle: Bundle): Effect.Effect<void, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    if (!(yield* fs.exists(path.join(bundle.directory, names.codeCache)))) yield* rehearse(bundle)
  }).pipe(
    Effect.scoped,
    Effect.timeout(deadline),
    Effect.catchAll((error) => Effect.logDebug(`The bundle ${bundle.digest} has no code cache: ${error.message}`)),
    Effect.withSpan("Bundle.codeCache", { attributes: { digest: bundle.digest } })
  )

const rehearse = (bundle: Bundle) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-rehearsal-" })
    const manifest = path.join(folder, "manifest.json")
    yield* fs.writeFileString(manifest, encodeManifest(manifestIn(folder, path)), { mode: 0o600 })
    const child = yield* Child.start(bundle, path.join(bundle.directory, names.start), "rehearse", manifest)
    const [output, exitCode] = yield* Effect.all([textOf(child.stdout), child.exitCode, textOf(child.stderr)], {
      concurrency: "unbounded"
    })
    if (exitCode !== 0) yield* Effect.logDebug(`The bundle ${bundle.digest} could not be rehearsed: ${output}`)
  })

const textOf = (bytes: Stream.Stream<Uint8Array, PlatformError>) => bytes.pipe(Stream.decodeText(), Stream.mkString)

const encodeManifest = Schema.encodeSync(Schema.parseJson(Manifest))

const nobody = "00000000-0000-7000-8000-000000000000"

const manifestIn = (folder: string, path: Path.Path): Manifest => ({
  formatVersion: 1,
  deployment: { id: nobody, name: "rehearsal" },
  generation: 1,
  snapshot: { id: nobody, pipelineName: "rehearsal", version: 1, digest: "0".repeat(64) },
  serving: Schema.decodeSync(Settings.Serving)({}),
  listen: { host: "127.0.0.1", fallback: true },
  authKeyDigests: [],
  runStore: path.join(folder, "runs.db"),
  endpointFile: path.join(folder, "endpoint.json")
})
