import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  PipelineExportInvalid,
  PipelineExportNotFound,
  type PipelineSchemaUnsupported
} from "../Errors/Descriptions.js"
import { PipelineLoadFailed } from "../Errors/Pipelines.js"
import { Description } from "../Snapshot/Description.js"
import * as Child from "./Child.js"
import type { Bundle, DescribeError } from "./Contract.js"

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
    const child = yield* Child.start(bundle, ...nodeArguments, bundle.main, "describe")
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
