/** systemd as the service manager of a supervisor: a system unit for root, else a unit of the user. */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Files from "./Files.js"
import { Machine } from "./Machine.js"
import type { Program } from "./Program.js"
import { type Scope, unitText } from "./SystemdUnit.js"

/** True if systemd manages this machine, as `sd_booted` has it. */
export const isRunning: Effect.Effect<boolean, never, FileSystem.FileSystem> = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.orElseSucceed(fs.exists("/run/systemd/system"), () => false)
)

/** The path of the unit. */
export const fileOf = ({ name }: Program): Effect.Effect<string, never, Machine> =>
  Effect.map(Machine, ({ configFolder, uid }) =>
    uid === 0 ? `/etc/systemd/system/${name}.service` : Path.join(configFolder, "systemd", "user", `${name}.service`)
  )

/** The text that an installation writes. */
export const textOf = (program: Program) => Effect.map(scope, (which) => unitText(program, which))

/** Writes the unit and starts it now and with the machine. Returns remarks for the user. */
export const install = (program: Program) =>
  Effect.gen(function* () {
    const file = yield* fileOf(program)
    const start = Effect.forEach(
      [["daemon-reload"], ["enable", unit(program)], ["restart", unit(program)]],
      systemctl,
      {
        discard: true
      }
    )
    yield* Files.install(file, yield* textOf(program), start)
    return yield* linger
  })

/** Stops the unit and removes it; the services keep running. */
export const uninstall = (program: Program) =>
  Effect.gen(function* () {
    yield* systemctl(["disable", "--now", unit(program)])
    yield* Files.remove(yield* fileOf(program))
    yield* systemctl(["daemon-reload"])
  })

/** True if the unit runs. */
export const isActive = (program: Program) =>
  Effect.gen(function* () {
    const { run } = yield* Machine
    const { exitCode } = yield* run("systemctl", [...(yield* scopeOptions), "is-active", "--quiet", unit(program)])
    return exitCode === 0
  })

/** True if the user's manager starts with the machine and outlives the user's sessions; none for the system's manager. */
export const isLingering: Effect.Effect<Option.Option<boolean>, never, Machine> = Effect.gen(function* () {
  const { run, user } = yield* Machine
  if ((yield* scope) === "system") return Option.none()
  const { output } = yield* run("loginctl", ["show-user", user, "--property=Linger", "--value"])
  return Option.some(output === "yes")
})

// internal

const unit = ({ name }: Program): string => `${name}.service`

const scope: Effect.Effect<Scope, never, Machine> = Effect.map(Machine, ({ uid }) => (uid === 0 ? "system" : "user"))

const scopeOptions = Effect.map(scope, (which) => (which === "user" ? ["--user"] : []))

const systemctl = (args: ReadonlyArray<string>) =>
  Effect.flatMap(scopeOptions, (options) => Files.command("systemctl", [...options, ...args], remedy))

const remedy =
  "`systemctl status` says more. Without a session of the user (after `su`), log in as the user or run `machinectl shell USER@`; as root, the command installs a unit of the system."

/** Without lingering, the user's manager and its services end with the last session. */
const linger = Effect.gen(function* () {
  if (Option.getOrElse(yield* isLingering, () => true)) return []
  const { run, user } = yield* Machine
  const { exitCode } = yield* run("loginctl", ["enable-linger", user])
  return exitCode === 0
    ? []
    : [
        `The supervisor and its services end with the last session of ${user}: \`sudo loginctl enable-linger ${user}\` keeps them, and starts them with the machine.`
      ]
})
