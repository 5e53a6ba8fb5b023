import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Bundle } from "./Contract.js"

/** Starts Node in the folder of a bundle, with little more than a path in its environment. It is killed with the scope. */
export const start = (
  bundle: Bundle,
  ...args: ReadonlyArray<string>
): Effect.Effect<CommandExecutor.Process, PlatformError, CommandExecutor.CommandExecutor | Scope.Scope> =>
  Effect.gen(function* () {
    const command = Command.make(process.execPath, ...args).pipe(
      Command.env(yield* environment, { extendEnv: false }),
      Command.workingDirectory(bundle.directory)
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
