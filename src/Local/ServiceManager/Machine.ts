/** The account, the platform and the commands of this machine that an installation needs, as a service. */
import * as Os from "node:os"
import * as Path from "node:path"
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { keepDeadlines } from "../../Internal/Deadline.js"

/** The end of a command, with its standard output and error as one text. */
export interface Ended {
  readonly exitCode: number
  readonly output: string
}

/** The facts of a machine, and its commands. */
export class Machine extends Context.Tag("effect-deployers/Local/Machine")<
  Machine,
  {
    readonly platform: NodeJS.Platform
    /** Number of the user; 0 is root. */
    readonly uid: number
    readonly user: string
    /** The home folder of the user. */
    readonly userHome: string
    /** The Node program. */
    readonly node: string
    /** The folder of the settings of the user's programs. */
    readonly configFolder: string
    /** Runs a program to its end. A program that cannot be started ends with 127. */
    readonly run: (program: string, args: ReadonlyArray<string>) => Effect.Effect<Ended>
  }
>() {}

/** This machine. */
export const layer: Layer.Layer<Machine, never, CommandExecutor.CommandExecutor> = Layer.effect(
  Machine,
  Effect.map(CommandExecutor.CommandExecutor, (executor) => {
    const uid = process.getuid?.() ?? 0
    const userHome = Os.homedir()
    return {
      platform: process.platform,
      uid,
      user: Os.userInfo().username,
      userHome,
      node: process.execPath,
      configFolder: process.env["XDG_CONFIG_HOME"] || Path.join(userHome, ".config"),
      run: (program, args) =>
        Effect.provideService(runToEnd(program, args, uid), CommandExecutor.CommandExecutor, executor)
    }
  })
)

// internal

/** A shell without a session of its own, such as that of cron, has no variable that leads to the user's service manager. */
const sessionOf = (uid: number): Readonly<Record<string, string>> =>
  process.platform === "linux" && uid !== 0
    ? { XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] || `/run/user/${uid}` }
    : {}

const runToEnd = (
  program: string,
  args: ReadonlyArray<string>,
  uid: number
): Effect.Effect<Ended, never, CommandExecutor.CommandExecutor> =>
  Effect.scoped(
    Effect.gen(function* () {
      const started = yield* Command.start(
        Command.env(Command.make(program, ...args), { LC_ALL: "C", ...sessionOf(uid) })
      )
      const texts = [started.stdout, started.stderr].map((bytes) => Stream.mkString(Stream.decodeText(bytes)))
      const [output, exitCode] = yield* Effect.all([Effect.all(texts, { concurrency: 2 }), started.exitCode], {
        concurrency: 2
      })
      return { exitCode, output: output.join("").trim() }
    })
  ).pipe(
    Effect.timeout("1 minute"),
    Effect.catchAll((error) => Effect.succeed({ exitCode: 127, output: error.message })),
    keepDeadlines
  )
