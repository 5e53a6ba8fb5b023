/** The program of the command line interface, on this process. `bin.ts` runs it. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { raceWithGuard } from "../Internal/RaceWithGuard.js"
import { exitCodes } from "./Failure.js"
import * as Input from "./Input.js"
import * as Live from "./Live.js"
import * as Output from "./Output.js"
import { runWith } from "./Run.js"

const { env, stderr, stdin, stdout } = process

const terminal = Layer.mergeAll(
  Output.layerStreams({ stdout, stderr, noColor: env.NO_COLOR !== undefined && env.NO_COLOR !== "" }),
  Input.layerStream({ stdin, isInteractive: stdin.isTTY === true && stdout.isTTY === true }),
  NodeContext.layer
)

const exitCodeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return typeof exit.value === "number" ? exit.value : exitCodes.success
  return Cause.isInterruptedOnly(exit.cause) ? exitCodes.interrupted : exitCodes.failure
}

/** The first Ctrl-C undoes the operation. The handlers run once, so the second ends the process at once. */
const announceUndo = () => {
  const text =
    "Undoing the operation. Ctrl-C again ends the process at once; `deployers reconcile` then finishes the undo.\n"
  setTimeout(() => stderr.write(text), 500).unref()
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, announceUndo)

/** The terminal or the connection is gone. The main program handles SIGINT and SIGTERM itself. */
const hangup = Effect.async<number>((resume) => {
  process.once("SIGHUP", () => resume(Effect.succeed(exitCodes.hangup)))
})

raceWithGuard(runWith(process.argv.slice(2), { services: Live.services, doctor: Live.doctor }), hangup).pipe(
  Effect.provide(terminal),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit) => process.exit(exitCodeOf(exit))
  })
)
