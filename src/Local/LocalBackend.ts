/** The local flavor: a deployment is a process of this machine that outlives the program that deployed it. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Warning } from "../Deployment/Warning.js"
import type { OperationalState } from "../Deployment.js"
import { type Backend, provideContext } from "../Flavor/Backend.js"
import { toDeprovisionError, toProvisionError, toUnavailable } from "../Flavor/ErrorText.js"
import { paths } from "../Flavor/InstanceFiles.js"
import * as InstanceIntake from "../Flavor/InstanceIntake.js"
import * as InstanceKeys from "../Flavor/InstanceKeys.js"
import { inventory } from "../Flavor/InstanceRecord.js"
import { logs } from "../Flavor/LogReader.js"
import type { Ports } from "../Flavor/Ports.js"
import type { Home } from "../Store/Home.js"
import { HomeBinding } from "../Store/HomeBinding.js"
import { close, lead } from "./Door.js"
import * as Metadata from "./Metadata.js"
import { glance, observe, standsBy } from "./Observe.js"
import type { Processes } from "./Processes.js"
import { Children, makeChildren } from "./ProcessSpawn.js"
import { type StartError, start } from "./Provision.js"
import { destroy, end } from "./Remove.js"
import { LocalSettings, type LocalSettingsInput } from "./Settings.js"
import { Sockets } from "./Sockets.js"
import type { StopError } from "./Stop.js"

/**
 * Options of a local backend.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The name of the deployer; default `local`. */
  readonly name?: string | undefined
  /** Defaults of the deployer; those of snapshots and calls override them. Default none. */
  readonly defaults?: LocalSettingsInput | undefined
  /** The Node program that runs bundles; default the one that runs this program. */
  readonly node?: string | undefined
}

/**
 * The services that the backend needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = Home | FileSystem | Processes | Ports | Sockets

/**
 * The kind of deployer.
 *
 * @category constants
 * @since 0.1.0
 */
export const flavor = "local"

/**
 * A backend that runs deployments as processes. Its only state are the exits of the processes it started: it reads the
 * files of the home and the process table each time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<Backend<LocalSettings, LocalSettingsInput>, never, Requirements> =>
  Effect.gen(function* () {
    const context = Context.add(yield* Effect.context<Requirements>(), Children, yield* makeChildren)
    const binding = yield* Effect.serviceOption(HomeBinding)
    const name = options.name ?? Option.getOrUndefined(binding)?.localName ?? flavor
    const node = options.node ?? process.execPath
    const unopened = toUnavailable(flavor, "steer the door of a deployment")
    const unobserved = toUnavailable(flavor, "observe a process")
    return provideContext(
      {
        flavor,
        name,
        settings: LocalSettings,
        defaults: options.defaults ?? {},
        exclusive,
        warnings: (_, { cpus }) => Effect.succeed(cpus === undefined ? [] : [unlimited]),
        // An old instance without a door lets go of its port before the door opens, where callers then wait.
        standsBy: Option.isSome((yield* Sockets).listen)
          ? undefined
          : (instance) => Effect.mapError(standsBy(instance), unobserved),
        provision: (request) => Effect.mapError(start(node, request), startFailed(request.name)),
        state: (instance, metadata) => Effect.mapError(observe(instance, metadata), unobserved),
        glance,
        inventory: inventory({ flavor, name }),
        logs: logs(flavor),
        deprovision: (instance, metadata, { grace }) =>
          Effect.mapError(end(instance, metadata, grace), endFailed(instance.name)),
        updateKeys: (instance, keys) =>
          Effect.as(
            Effect.mapError(
              InstanceKeys.update(instance, keys, (folder) => Path.join(folder, "keys.json")),
              endFailed(instance.name)
            ),
            true
          ),
        updateIntake: (instance, intake) =>
          Effect.mapError(InstanceIntake.updateInHome(instance, intake), endFailed(instance.name)),
        keyUses: (instance) =>
          Effect.mapError(
            Effect.flatMap(paths(instance), ({ runStore }) => InstanceKeys.lastUses(Path.dirname(runStore))),
            toUnavailable(flavor, "read the uses of keys")
          ),
        door: {
          lead: (instance) => Effect.mapError(lead(instance), unopened),
          close: ({ deploymentId }, keep) => Effect.mapError(close(deploymentId, keep), unopened)
        },
        destroy: (deployment) => Effect.mapError(destroy(deployment), endFailed(deployment.name))
      },
      context
    )
  })

/**
 * True if the old process or its door may have the fixed port of the new one: without a door, or with one at another
 * address. Without doors the new process starts anyway and waits for the port, so that callers are refused for a moment.
 *
 * @category predicates
 * @since 0.1.0
 */
export const exclusive = (old: OperationalState, settings: LocalSettings): boolean =>
  settings.port !== undefined &&
  mayListen.has(old.status) &&
  Metadata.portOf(old.metadata) === settings.port &&
  (old.metadata["door"] !== true || old.metadata["host"] !== settings.address)

const mayListen: ReadonlySet<OperationalState["status"]> = new Set(["running", "pending", "unknown"])

const startFailed = (name: string) => (error: StartError) =>
  toProvisionError(name)(asUnavailable("start a process", error))

const endFailed = (name: string) => (error: StopError | PlatformError) =>
  toDeprovisionError(name)(asUnavailable("end a process", error))

/** Without the table of processes nothing is known about the processes of an instance. */
const asUnavailable = (operation: string, error: StartError | StopError) =>
  error._tag === "ProcessTableUnavailable" ? toUnavailable(flavor, operation)(error) : error

const unlimited: Warning = {
  kind: "cpus",
  setting: "cpus",
  message: "A local process is not limited to cpus: --deployer docker limits a new deployment, or leave cpus out."
}
