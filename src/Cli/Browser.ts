/** The browser of this machine. */
import * as ChildProcess from "node:child_process"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Opens addresses in the browser of this machine, which goes on after the command. A test replaces it. */
export class Browser extends Context.Reference<Browser>()("effect-deployers/Cli/Browser", {
  defaultValue: () => ({
    open: (url: string): Effect.Effect<void, Error> =>
      Effect.async((resume) => {
        const child = ChildProcess.spawn(openers[process.platform] ?? "xdg-open", [url], {
          detached: true,
          stdio: "ignore"
        })
        child.once("error", (error) => resume(Effect.fail(error)))
        child.once("spawn", () => {
          child.unref()
          resume(Effect.void)
        })
      })
  })
}) {}

// internal

const openers: Partial<Readonly<Record<NodeJS.Platform, string>>> = { darwin: "open", win32: "explorer.exe" }
