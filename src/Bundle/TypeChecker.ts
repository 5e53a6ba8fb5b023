/**
 * Type-checks a pipeline with the TypeScript and the settings of its own project, in a process of its own. A program turns it
 * on with {@link layer}; the command line has it on.
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { PipelineTypeErrors } from "../Errors/PipelineTypes.js"
import type { Source } from "./Contract.js"
import * as Problems from "./TypeChecker/Problems.js"
import * as Project from "./TypeChecker/Project.js"

/**
 * The operations of a type checker.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Fails with the type errors of the files that a pipeline reaches. A project without TypeScript passes, and so does a
   * check that cannot run, with a warning in the log.
   */
  readonly check: (source: Source) => Effect.Effect<void, PipelineTypeErrors>
}

const none: Service = { check: () => Effect.void }

/**
 * The type checker of `Snapshot.fromFile`. By default there is none.
 *
 * @category services
 * @since 0.1.0
 */
export class TypeChecker extends Context.Reference<TypeChecker>()("effect-deployers/Bundle/TypeChecker", {
  defaultValue: (): Service => none
}) {}

/**
 * No type check.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNone: Layer.Layer<TypeChecker> = Layer.succeed(TypeChecker, none)

/**
 * The services that a type check needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor

/**
 * Checks with the `typescript` of the project, or with its `@typescript/native-preview`. A repeated check is incremental: its
 * state is in the project's `node_modules/.cache`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<TypeChecker, never, Requirements> = Layer.effect(
  TypeChecker,
  Effect.map(
    Effect.context<Requirements>(),
    (context): Service => ({
      check: (source) => Effect.provide(check(source), context)
    })
  )
)

/**
 * As {@link layer}, unless `DEPLOYERS_TYPECHECK` is `false`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<TypeChecker, ConfigError, Requirements> = Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.boolean("DEPLOYERS_TYPECHECK"), true), (isOn) => (isOn ? layer : layerNone))
)

// internal

const mostShown = 20
const deadline = Duration.minutes(2)

const check = ({ file }: Source): Effect.Effect<void, PipelineTypeErrors, Requirements> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const absolute = path.resolve(file)
    const { general, problems } = yield* outputOf(absolute).pipe(
      Effect.timeout(deadline),
      Effect.catchAll((error) => Effect.succeed({ general: [error.message], problems: [] }))
    )
    if (general.length > 0) {
      yield* Effect.logWarning(`The type check of ${absolute} is not complete: ${general.join("; ")}`)
    }
    if (problems.length > 0) {
      return yield* new PipelineTypeErrors({
        file: absolute,
        problems: problems.slice(0, mostShown),
        total: problems.length
      })
    }
  }).pipe(Effect.withSpan("Bundle.typeCheck", { attributes: { file } }))

const nothing: Problems.Output = { problems: [], general: [] }

/** The bundler reports a missing file. */
const outputOf = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (!(yield* fs.exists(file))) return nothing
    const project = yield* Project.find(file)
    if (Option.isNone(project)) return nothing
    const config = yield* Project.configure(project.value, file)
    const text = yield* Effect.scoped(compilerOutput(project.value, config))
    return Problems.parse(text, project.value.folder)
  })

const compilerOutput = ({ compiler, folder }: Project.Project, config: string) =>
  Effect.gen(function* () {
    const command = Command.make(process.execPath, compiler, "-p", config, "--pretty", "false")
    const child = yield* Command.start(Command.workingDirectory(command, folder))
    // The executor's own finalizer asks once and waits for ever.
    yield* Effect.addFinalizer(() => Effect.ignore(child.kill("SIGKILL")))
    const [output] = yield* Effect.all([textOf(child.stdout), textOf(child.stderr), child.exitCode], {
      concurrency: "unbounded"
    })
    return output
  })

const textOf = (bytes: CommandExecutor.Process["stdout"]) => bytes.pipe(Stream.decodeText(), Stream.mkString)
