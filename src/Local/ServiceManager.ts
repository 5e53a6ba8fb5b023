/** The installation of a home's supervisor, so that the service manager of the machine starts it. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type ServiceManagerFailed, ServiceManagerUnavailable } from "../Errors/Supervisors.js"
import type { Home } from "../Store/Home.js"
import type { Processes, ProcessRef } from "./Processes.js"
import { crontabLine } from "./ServiceManager/Crontab.js"
import * as Files from "./ServiceManager/Files.js"
import * as Launchd from "./ServiceManager/Launchd.js"
import { layer as layerThisMachine, Machine } from "./ServiceManager/Machine.js"
import * as Program from "./ServiceManager/Program.js"
import * as Systemd from "./ServiceManager/Systemd.js"
import * as Supervision from "./Supervision.js"

/**
 * The state of an installation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  /** The service manager of this machine. */
  readonly manager: "systemd" | "launchd" | "none"
  /** Name of the service. */
  readonly name: string
  /** The file that installs it; none without a service manager. */
  readonly file: string | undefined
  readonly installed: boolean
  /** True if the service manager runs it. */
  readonly active: boolean
  /** True if an installation now would write the same file. */
  readonly current: boolean
  /** False if the supervisor ends with the last session of its user. */
  readonly lingering?: boolean | undefined
  /** The living supervisor of the home, installed or not; `resident` is true if a service manager runs it. */
  readonly supervisor: (ProcessRef & { readonly version: string; readonly resident?: boolean | undefined }) | undefined
}

/**
 * Installs the supervisor of the current home. Each operation can be repeated.
 *
 * @category services
 * @since 0.1.0
 */
export class ServiceManager extends Context.Tag("effect-deployers/Local/ServiceManager")<
  ServiceManager,
  {
    /** Starts the supervisor now and with the machine; another one of the home steps back. Returns remarks for the user. */
    readonly install: Effect.Effect<ReadonlyArray<string>, ServiceManagerFailed | ServiceManagerUnavailable>
    /** Removes the installation. Services keep running, under a supervisor that is not installed. */
    readonly uninstall: Effect.Effect<void, ServiceManagerFailed>
    readonly status: Effect.Effect<Status, ServiceManagerFailed>
  }
>() {}

/** @internal The service manager of a given machine. */
export const layerMachine: Layer.Layer<ServiceManager, never, Home | Machine | Processes | FileSystem.FileSystem> =
  Layer.effect(
    ServiceManager,
    Effect.map(Effect.context<Home | Machine | Processes | FileSystem.FileSystem>(), (context) => ({
      install: Effect.provide(install, context),
      uninstall: Effect.provide(uninstall, context),
      status: Effect.provide(status, context)
    }))
  )

/**
 * The service manager of this machine: systemd or launchd.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ServiceManager, never, Home | Processes | FileSystem.FileSystem | CommandExecutor> =
  Layer.provide(layerMachine, layerThisMachine)

// internal

const manager = Effect.gen(function* () {
  const { platform } = yield* Machine
  if (platform === "darwin") return "launchd" as const
  return platform === "linux" && (yield* Systemd.isRunning) ? ("systemd" as const) : ("none" as const)
})

const install = Effect.gen(function* () {
  const program = yield* Program.ofHome
  switch (yield* manager) {
    case "systemd":
      return [...(yield* Systemd.install(program)), ...transient(program)]
    case "launchd":
      return [...(yield* Launchd.install(program)), ...transient(program)]
    case "none":
      return yield* new ServiceManagerUnavailable({
        reason: "neither systemd nor launchd manages this machine",
        remedy: `Let another service manager run the supervisor; with cron, add this line by \`crontab -e\`:\n${crontabLine(program)}`
      })
  }
})

const uninstall = Effect.gen(function* () {
  const program = yield* Program.ofHome
  const kind = yield* manager
  if (kind === "none") return
  const { fileOf, uninstall } = kind === "systemd" ? Systemd : Launchd
  if (Option.isNone(yield* Files.read(yield* fileOf(program)))) return
  yield* uninstall(program)
  yield* Supervision.ensure
})

const status: Effect.Effect<Status, ServiceManagerFailed, Home | Machine | FileSystem.FileSystem> = Effect.gen(
  function* () {
    const program = yield* Program.ofHome
    const { name } = program
    const supervisor = yield* Supervision.owner
    const kind = yield* manager
    if (kind === "none") {
      return { manager: kind, name, file: undefined, installed: false, active: false, current: false, supervisor }
    }
    const { fileOf, isActive, textOf } = kind === "systemd" ? Systemd : Launchd
    const file = yield* fileOf(program)
    const written = yield* Files.read(file)
    const installed = Option.isSome(written)
    const lingering = kind === "systemd" && installed ? Option.getOrUndefined(yield* Systemd.isLingering) : undefined
    return {
      manager: kind,
      name,
      file,
      installed,
      active: installed && (yield* isActive(program)),
      current: Option.contains(written, yield* textOf(program)),
      ...(lingering === undefined ? {} : { lingering }),
      supervisor
    }
  }
)

/** `npx` removes the packages of its cache at any time. */
const transient = ({ command }: Program.Program): ReadonlyArray<string> =>
  command.some((word) => word.includes("/_npx/"))
    ? [
        "The supervisor runs from the cache of npx, which may be removed: install the package, and repeat the command with it."
      ]
    : []
