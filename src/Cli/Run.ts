/** Runs a command line to its exit code. */
import type * as CliApp from "@effect/cli/CliApp"
import * as CliConfig from "@effect/cli/CliConfig"
import * as CliCommand from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schemas from "../Client/Schemas.js"
import { Deployer } from "../Deployer.js"
import { raceWithGuard } from "../Internal/RaceWithGuard.js"
import { version } from "../Internal/Version.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import * as HelpCommand from "./Commands/HelpCommand.js"
import * as Invoke from "./Commands/Invoke.js"
import type { Doctor } from "./Doctor.js"
import { commandCodes } from "./ErrorGuide/CommandCodes.js"
import { exitCodes, type Report, Reported, report, UsageError } from "./Failure.js"
import type { Input } from "./Input.js"
import * as Argv from "./Options/Argv.js"
import * as InvokeFlags from "./Options/InvokeFlags.js"
import * as Misuse from "./Options/Misuse.js"
import { specOf } from "./Options/Spec.js"
import * as Help from "./Output/Help.js"
import * as LogText from "./Output/LogText.js"
import * as Render from "./Output/Render.js"
import { Output } from "./Output.js"
import * as Tree from "./Tree.js"

/**
 * The environment of a command line, besides the services of the commands.
 *
 * @category models
 * @since 0.1.0
 */
export type Environment = Output | Input | CliApp.CliApp.Environment

/**
 * Runs a command line, without the program's name, with the services in context. Returns the exit code: 0 success, 1 a
 * failure of the command, 2 wrong usage, 130 interrupted. The output is on {@link Output}.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { run } from "effect-deployers/Cli"
 *
 * const program = Effect.flatMap(run(["list", "--json"]), (exitCode) => Effect.log(`exit code ${exitCode}`))
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = (argv: ReadonlyArray<string>): Effect.Effect<number, never, Tree.Services | Doctor | Environment> =>
  Effect.flatMap(Effect.context<Tree.Services | Doctor>(), (context) =>
    runWith(argv, { services: Layer.succeedContext(context), doctor: Layer.succeedContext(context) })
  )

/**
 * Like {@link run}, with layers that are built only for commands that need them. A layer that fails to build is a failure
 * of the command.
 *
 * @category running
 * @since 0.1.0
 */
export const runWith = <E, R, DE, DR>(
  given: ReadonlyArray<string>,
  layers: Tree.Layers<E, R, DE, DR>
): Effect.Effect<number, never, Environment | R | DR> =>
  Effect.gen(function* () {
    const argv = HelpCommand.asOption(given)
    const output = yield* Output
    const logger = yield* noteLogger
    const target = targetOf(argv)
    const exit = yield* raceWithGuard(execute(argv, target, layers), output.closed).pipe(
      Effect.scoped,
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Effect.exit
    )
    return yield* exitCodeOf(exit, { asJson: Argv.asksForJson(argv), deployment: target?.split("/", 1).join() })
  })

// internal

/** The deployment, or a pipeline of one, that the command line invokes. */
const targetOf = (argv: ReadonlyArray<string>): string | undefined =>
  Argv.firstArgument(specOf(Invoke.make([]).descriptor), argv)

const execute = <E, R, DE, DR>(
  argv: ReadonlyArray<string>,
  target: string | undefined,
  layers: Tree.Layers<E, R, DE, DR>
) =>
  Effect.gen(function* () {
    const output = yield* Output
    const services = yield* Layer.memoize(layers.services)
    const parameters = target === undefined ? [] : yield* Effect.provide(parametersOf(target), services)
    const { commands, root } = Tree.make({ services, doctor: layers.doctor }, parameters)
    const line = yield* Argv.parse(
      commands.map(({ descriptor }) => specOf(descriptor)),
      InvokeFlags.plainFlags(parameters, argv)
    )
    const help = helpOf(line, commands, output.hasColor)
    if (help !== undefined) return yield* output.result(help)
    const level = yield* logLevel(line.logLevel)
    const console = yield* parserConsole
    const start = CliCommand.run(root, { name: "deployers", version, executable: "deployers" })
    yield* start(["node", "deployers", ...line.args]).pipe(
      Effect.provide(CliConfig.layer({ isCaseSensitive: true, showBuiltIns: false })),
      Effect.withConsole(console),
      Logger.withMinimumLogLevel(level),
      Effect.catchIf(ValidationError.isValidationError, (error) =>
        Effect.fail(Misuse.of(error, line, target === undefined ? line.path : [...line.path, target]))
      )
    )
  })

const helpOf = (
  { args, isHelp, path }: Argv.Line,
  commands: ReturnType<typeof Tree.make>["commands"],
  hasColor: boolean
): string | undefined => {
  const descriptors = commands.map(({ descriptor }) => descriptor)
  if (!isHelp || args.some((token) => /^--(version|completions|wizard)/.test(token))) return undefined
  return path.length === 0 ? Help.program(hasColor, descriptors) : Help.command(hasColor, descriptors, path)
}

/**
 * The parameters of a deployment, or of one pipeline of a deployment with several, from its stored input schema: the
 * deployment need not be running.
 */
const parametersOf = (target: string) =>
  Effect.gen(function* () {
    const [name = "", pipeline] = target.split(/\/(.*)/s)
    const deployer = yield* Deployer
    const snapshots = yield* SnapshotStore
    const deployment = yield* deployer.get(name)
    const snapshot = yield* snapshots.find(deployment.snapshot.id)
    if (Option.isNone(snapshot)) return []
    const { input } = snapshot.value.spec
    if (pipeline === undefined) return InvokeFlags.parameters(input)
    const members = Schemas.memberNames(input)
    if (!members.includes(pipeline)) return yield* noMember(name, pipeline, members)
    return InvokeFlags.parameters(Schemas.memberInput(input, pipeline))
  })

const noMember = (name: string, pipeline: string, members: ReadonlyArray<string>) =>
  new UsageError({
    message: `The deployment "${name}" has no pipeline ${JSON.stringify(pipeline)}.`,
    hint:
      members.length === 0
        ? `It serves one pipeline: \`deployers invoke ${name}\`.`
        : `Use one of ${members.map((member) => `${name}/${member}`).join(", ")}.`
  })

const logLevel = (name: string | undefined): Either.Either<LogLevel.LogLevel, UsageError> => {
  if (name === undefined) return Either.right(LogLevel.Warning)
  const level = LogLevel.allLevels.find(({ _tag }) => _tag.toLowerCase() === name.toLowerCase())
  return level === undefined
    ? Either.left(
        new UsageError({
          message: `There is no log level ${JSON.stringify(name)}.`,
          hint: `Use one of ${LogLevel.allLevels.map(({ _tag }) => _tag.toLowerCase()).join(", ")}.`
        })
      )
    : Either.right(level)
}

/**
 * The console of the parser: help on standard output, with colours only where they are wanted. Its error messages are
 * dropped, because the same errors come back as failures.
 */
const parserConsole: Effect.Effect<Console.Console, never, Output> = Effect.gen(function* () {
  const output = yield* Output
  const base = yield* Console.consoleWith(Effect.succeed)
  const plain = (hasColor: boolean, args: ReadonlyArray<unknown>) => {
    const text = args.map(String).join(" ").trimEnd()
    return hasColor ? text : Render.withoutStyles(text)
  }
  const result = (...args: ReadonlyArray<unknown>) => output.result(plain(output.hasColor, args))
  const note = (...args: ReadonlyArray<unknown>) => output.note(plain(output.hasNoteColor, args))
  return { ...base, log: result, info: note, warn: note, debug: note, trace: note, error: () => Effect.void }
})

const noteLogger: Effect.Effect<Logger.Logger<unknown, void>, never, Output> = Effect.gen(function* () {
  const output = yield* Output
  const runtime = yield* Effect.runtime()
  return Logger.map(Logger.logfmtLogger, (text) => Runtime.runFork(runtime)(output.note(Render.clean(text)))).pipe(
    Logger.map(() => undefined)
  )
})

interface Asked {
  readonly asJson: boolean
  /** The deployment that the command invokes. */
  readonly deployment: string | undefined
}

const exitCodeOf = (
  exit: Exit.Exit<unknown, unknown>,
  { asJson, deployment }: Asked
): Effect.Effect<number, never, Output> => {
  if (Exit.isSuccess(exit)) return Effect.succeed(exitCodes.success)
  if (Cause.isInterruptedOnly(exit.cause)) return Effect.succeed(exitCodes.interrupted)
  const failure = Option.getOrUndefined(Cause.failureOption(Cause.map(exit.cause, (error) => ({ error }))))
  if (failure === undefined) return say(unexpected(exit.cause), asJson)
  return failure.error instanceof Reported
    ? Effect.succeed(failure.error.exitCode)
    : say(report(failure.error, deployment), asJson)
}

const say = ({ code, exitCode, hint, json, message }: Report, asJson: boolean): Effect.Effect<number, never, Output> =>
  Effect.gen(function* () {
    const output = yield* Output
    const label = Render.paint(output.hasNoteColor, "red", "error:")
    yield* output.note(`${label} ${LogText.lines(output.hasNoteColor, withCode(message, code))}`)
    if (hint !== undefined)
      yield* output.note(`${Render.paint(output.hasNoteColor, "cyan", "hint:")} ${Render.clean(hint)}`)
    if (asJson) yield* output.result(Render.json(json))
    return exitCode
  })

/** The code stands behind a sentence, and below several lines. */
const withCode = (message: string, code: string | undefined): string =>
  code === undefined ? message : `${message}${message.includes("\n") ? "\n" : " "}[${code}]`

const unexpected = (cause: Cause.Cause<unknown>): Report => {
  const defect = Option.getOrUndefined(Cause.dieOption(cause))
  const message = `The command failed unexpectedly: ${defect instanceof Error ? defect.message : String(defect)}`
  return {
    message,
    hint: "This is a bug; please report it with the command you ran. Repeating the command is safe.",
    code: commandCodes.UnexpectedError,
    json: { _tag: "UnexpectedError", code: commandCodes.UnexpectedError, message },
    exitCode: exitCodes.failure
  }
}
