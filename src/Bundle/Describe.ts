import * as NodePath from "node:path"
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Manifest } from "../Contract/Manifest.js"
import {
  PipelineExportInvalid,
  PipelineExportNotFound,
  type PipelineSchemaUnsupported
} from "../Errors/Descriptions.js"
import { PipelineLoadFailed } from "../Errors/Pipelines.js"
import * as Settings from "../Settings/Serving.js"
import { Description } from "../Snapshot/Spec.js"
import * as Contents from "./Contents.js"
import type { Bundle, DescribeError } from "./Contract.js"
import { names } from "./Names.js"
import { draftPrefix } from "./SharedFiles.js"

/** The longest time for loading a module. */
const deadline = Duration.seconds(30)

/** Runs `node main.mjs describe` in a process of its own, with little more than a path in its environment. */
export const describe = (bundle: Bundle) =>
  Effect.scoped(runReadably(bundle)).pipe(
    Effect.timeoutFail({ duration: deadline, onTimeout: () => loadFailed(bundle, tooSlow) }),
    Effect.catchTags({
      BadArgument: (error) => loadFailed(bundle, error.message),
      SystemError: (error) => loadFailed(bundle, error.message)
    }),
    Effect.flatMap((output) => read(bundle, output)),
    Effect.withSpan("Bundle.describe", { attributes: { digest: bundle.digest } })
  )

const tooSlow = `it did not finish loading within ${Duration.format(deadline)}; move slow work into a layer and provide it to the pipeline with Pipeline.provide`

const loadFailed = ({ source }: Bundle, reason: string) => new PipelineLoadFailed({ file: source.file, reason })

interface Output {
  readonly description: Option.Option<Description>
  readonly stderr: ReadonlyArray<string>
  readonly exitCode: number
}

/** Source maps double the time of a start, so only a module that fails starts again with them, for its stack. */
const runReadably = (bundle: Bundle) =>
  Effect.flatMap(run(bundle), (output) =>
    Option.isSome(output.description) ? Effect.succeed(output) : run(bundle, "--enable-source-maps")
  )

const run = (bundle: Bundle, ...nodeArguments: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const child = yield* startNode(bundle, ...nodeArguments, bundle.main, "describe")
    const [description, stderr, exitCode] = yield* Effect.all(
      [lastDescription(child.stdout), lastLines(child.stderr), child.exitCode],
      { concurrency: "unbounded" }
    )
    return { description, stderr, exitCode } satisfies Output
  })

const decodeLine = Schema.decodeOption(Schema.parseJson(Description))

/** A module may print other lines; the description is the last line that is one. */
const lastDescription = (stdout: CommandExecutor.Process["stdout"]) =>
  linesOf(stdout).pipe(
    Stream.filter((line) => line.startsWith("{")),
    Stream.filterMap(decodeLine),
    Stream.runLast
  )

const keptLines = 12
const keptColumns = 400

const lastLines = (stderr: CommandExecutor.Process["stderr"]) =>
  linesOf(stderr).pipe(
    Stream.filter((line) => line.trim() !== "" && !line.startsWith("Node.js v")),
    Stream.map((line) => (line.length > keptColumns ? `${line.slice(0, keptColumns)}…` : line)),
    Stream.runFold([] as ReadonlyArray<string>, (lines, line) => [...lines, line].slice(-keptLines))
  )

const linesOf = (bytes: Stream.Stream<Uint8Array, PlatformError>) => bytes.pipe(Stream.decodeText(), Stream.splitLines)

const read = (bundle: Bundle, { description, exitCode, stderr }: Output) =>
  Option.match(description, {
    onNone: () =>
      Effect.fail(
        loadFailed(bundle, stderr.length > 0 ? stderr.join("\n") : `its process ended with exit code ${exitCode}`)
      ),
    onSome: (found) => (found._tag === "Described" ? Effect.succeed(found) : Effect.fail(withFile(bundle, found)))
  })

/** A bundle knows only the base name of its module. */
const withFile = (
  { source: { file } }: Bundle,
  error: PipelineExportNotFound | PipelineExportInvalid | PipelineSchemaUnsupported
): DescribeError => {
  switch (error._tag) {
    case "PipelineExportNotFound":
      return new PipelineExportNotFound({ ...error, file })
    case "PipelineExportInvalid":
      return new PipelineExportInvalid({ ...error, file })
    case "PipelineSchemaUnsupported":
      return error
  }
}

/** Starts Node in the folder of a bundle, with little more than a path in its environment. It is killed with the scope. */
export const startNode = (
  bundle: Bundle,
  ...args: ReadonlyArray<string>
): Effect.Effect<CommandExecutor.Process, PlatformError, CommandExecutor.CommandExecutor | Scope.Scope> =>
  Effect.gen(function* () {
    const { contents = Contents.none, directory } = bundle
    const before = Contents.nodeArguments(contents, directory)
    const command = Command.make(process.execPath, ...before, ...args).pipe(
      Command.env(yield* environment, { extendEnv: false }),
      Command.workingDirectory(NodePath.join(directory, contents.workingDirectory))
    )
    const child = yield* Command.start(command)
    // The executor's own finalizer asks once and waits for ever.
    yield* Effect.addFinalizer(() => Effect.ignore(child.kill("SIGKILL")))
    return child
  })

const environment = Config.all({
  PATH: Config.withDefault(Config.string("PATH"), ""),
  HOME: Config.withDefault(Config.string("HOME"), ""),
  TMPDIR: Config.withDefault(Config.string("TMPDIR"), "/tmp")
}).pipe(Effect.orElseSucceed(() => ({})))

type Needs = FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor

const codeCacheDeadline = Duration.seconds(30)

/**
 * Writes V8's code cache of a bundle for this Node, if there is none: its program runs once with a pipeline of the library.
 * A bundle without a cache only starts more slowly, so nothing fails here.
 */
export const ensureCodeCache = (bundle: Bundle): Effect.Effect<void, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    if (!(yield* fs.exists(path.join(bundle.directory, names.codeCache)))) yield* rehearse(bundle)
  }).pipe(
    Effect.scoped,
    Effect.timeout(codeCacheDeadline),
    Effect.catchAll((error) => Effect.logDebug(`The bundle ${bundle.digest} has no code cache: ${error.message}`)),
    Effect.withSpan("Bundle.codeCache", { attributes: { digest: bundle.digest } })
  )

const rehearse = (bundle: Bundle) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    // Below the folder of the bundles, where a later bundle removes it if this process is killed.
    const folder = yield* fs.makeTempDirectoryScoped({ directory: path.dirname(bundle.directory), prefix: draftPrefix })
    const manifest = path.join(folder, "manifest.json")
    yield* fs.writeFileString(manifest, encodeManifest(manifestIn(folder, path)), { mode: 0o600 })
    const child = yield* startNode(bundle, path.join(bundle.directory, names.start), "rehearse", manifest)
    const [output, exitCode] = yield* Effect.all([textOf(child.stdout), child.exitCode, textOf(child.stderr)], {
      concurrency: "unbounded"
    })
    if (exitCode !== 0) yield* Effect.logDebug(`The bundle ${bundle.digest} could not be rehearsed: ${output}`)
  })

const textOf = (bytes: Stream.Stream<Uint8Array, PlatformError>) => bytes.pipe(Stream.decodeText(), Stream.mkString)

const encodeManifest = Schema.encodeSync(Schema.parseJson(Manifest))

const noId = "00000000-0000-7000-8000-000000000000"

const manifestIn = (folder: string, path: Path.Path): Manifest => ({
  formatVersion: 1,
  deployment: { id: noId, name: "rehearsal" },
  generation: 1,
  snapshot: { id: noId, pipelineName: "rehearsal", version: 1, digest: "0".repeat(64) },
  serving: Schema.decodeSync(Settings.Serving)({}),
  listen: { host: "127.0.0.1", fallback: true },
  authKeyDigests: [],
  runStore: path.join(folder, "runs.db"),
  endpointFile: path.join(folder, "endpoint.json")
})
