/** launchd as the service manager of a supervisor: a daemon for root, else an agent of the user. */
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Files from "./Files.js"
import { plistText } from "./LaunchdPlist.js"
import { Machine } from "./Machine.js"
import type { Program } from "./Program.js"

/** The path of the property list. */
export const fileOf = ({ name }: Program): Effect.Effect<string, never, Machine> =>
  Effect.map(Machine, ({ uid, userHome }) =>
    uid === 0 ? `/Library/LaunchDaemons/${name}.plist` : Path.join(userHome, "Library", "LaunchAgents", `${name}.plist`)
  )

/** The text that an installation writes. */
export const textOf = (program: Program) => Effect.succeed(plistText(program))

/** Writes the property list and starts it now and with each login (of root: with the machine). Returns remarks. */
export const install = (program: Program) =>
  Effect.gen(function* () {
    const { uid } = yield* Machine
    const file = yield* fileOf(program)
    const where = yield* domain
    yield* Files.install(file, yield* textOf(program), start(program, file, where))
    return uid === 0
      ? []
      : [
          "The supervisor starts with the login of this user; `sudo deployers supervise --install` starts it with the machine."
        ]
  })

/** Stops the service and removes its property list; the services of the home keep running. */
export const uninstall = (program: Program) =>
  Effect.gen(function* () {
    yield* stop(program, yield* domain)
    yield* Files.remove(yield* fileOf(program))
  })

/** True if the service runs. */
export const isActive = (program: Program) =>
  Effect.gen(function* () {
    const { run } = yield* Machine
    const { exitCode, output } = yield* run("launchctl", ["print", `${yield* domain}/${program.name}`])
    return exitCode === 0 && /^\s*state = running$/m.test(output)
  })

// internal

/** A user without a graphical session, such as one of ssh, has the domain `user` only. */
const domain = Effect.gen(function* () {
  const { run, uid } = yield* Machine
  if (uid === 0) return "system"
  const { exitCode } = yield* run("launchctl", ["print", `gui/${uid}`])
  return exitCode === 0 ? `gui/${uid}` : `user/${uid}`
})

const stop = ({ name }: Program, where: string) =>
  Effect.flatMap(Machine, ({ run }) => run("launchctl", ["bootout", `${where}/${name}`]))

/** launchd ends an earlier service in the background, and refuses the new one until then. */
const start = (program: Program, file: string, where: string) =>
  Effect.gen(function* () {
    yield* stop(program, where)
    yield* Files.command("launchctl", ["enable", `${where}/${program.name}`], remedy)
    yield* Effect.retry(Files.command("launchctl", ["bootstrap", where, file], remedy), {
      schedule: Schedule.spaced("500 millis"),
      times: 10
    })
  })

const remedy = "`launchctl print` says more; log in to the desktop of this user, or run the command as root."
