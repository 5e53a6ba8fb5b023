/**
 * The local flavor: a deployment is a process of this machine that outlives the program that deployed it.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { OperationalState } from "../Deployment.js"
import {
  DeploymentDeprovisionFailed,
  DeploymentLogsNotFound,
  DeploymentProvisionFailed,
  EngineUnavailable
} from "../Errors/Lifecycle.js"
import type { Backend, Instance, LogsOptions } from "../Flavor/Backend.js"
import { errorClause } from "../Flavor/ErrorText.js"
import { inHome } from "../Flavor/InstanceRecord.js"
import type { Ports } from "../Flavor/Ports.js"
import type { Home } from "../Store/Home.js"
import * as Children from "./Children.js"
import { paths } from "./Layout.js"
import { readLog } from "./LogReader.js"
import * as Metadata from "./Metadata.js"
import { observe, standsBy } from "./Observe.js"
import type { ProcessTableUnavailable } from "./ProcessErrors.js"
import type { Processes } from "./Processes.js"
import { type StartError, start } from "./Provision.js"
import { destroy, end } from "./Remove.js"
import { LocalSettings, type LocalSettingsInput } from "./Settings.js"
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
export type Requirements = Home | FileSystem | Processes | Ports

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
    const context = Context.add(yield* Effect.context<Requirements>(), Children.Children, yield* Children.make)
    const name = options.name ?? flavor
    return {
      flavor,
      name,
      settings: LocalSettings,
      defaults: options.defaults ?? {},
      exclusive,
      standsBy: (instance) =>
        standsBy(instance).pipe(Effect.mapError(toUnavailable("observe a process")), Effect.provide(context)),
      provision: (request) =>
        start(options.node ?? process.execPath, request).pipe(
          Effect.mapError((error) => toProvisionError(request.name, error)),
          Effect.provide(context)
        ),
      state: (instance, metadata) =>
        observe(instance, metadata).pipe(Effect.mapError(toUnavailable("observe a process")), Effect.provide(context)),
      inventory: inHome({ flavor, name }).pipe(
        Effect.map((found) => ({ engineId: undefined, found })),
        Effect.mapError(toUnavailable("list its resources")),
        Effect.provide(context)
      ),
      logs: (instance, logsOptions) => Stream.provideContext(logs(instance, logsOptions), context),
      deprovision: (instance, metadata, { grace }) =>
        end(instance, metadata, grace).pipe(
          Effect.mapError((error) => toDeprovisionError(instance.name, "end a process", error)),
          Effect.provide(context)
        ),
      destroy: (deployment) =>
        destroy(deployment).pipe(
          Effect.mapError((error) => toDeprovisionError(deployment.name, "remove a deployment", error)),
          Effect.provide(context)
        )
    }
  })

/**
 * True if the old process may have the fixed port of the new one. The new one starts anyway and waits for the port, so that
 * callers are refused only for a moment.
 *
 * @category predicates
 * @since 0.1.0
 */
export const exclusive = (old: OperationalState, settings: LocalSettings): boolean =>
  settings.port !== undefined && mayListen.has(old.status) && Metadata.portOf(old.metadata) === settings.port

const mayListen: ReadonlySet<OperationalState["status"]> = new Set(["running", "pending", "unknown"])

const logs = (instance: Instance, options: LogsOptions) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const at = yield* paths(instance)
      const lines = yield* Effect.mapError(readLog(at.log, options), toUnavailable("read a log"))
      if (Option.isNone(lines)) {
        const reason = `there is no file ${at.log}; the deployment never started`
        return yield* new DeploymentLogsNotFound({ name: instance.name, reason })
      }
      return Stream.mapError(lines.value, toUnavailable("read a log"))
    })
  )

const toProvisionError = (name: string, error: StartError) => {
  switch (error._tag) {
    case "DeploymentProvisionFailed":
    case "PortUnavailable":
      return error
    case "ProcessTableUnavailable":
      return toUnavailable("start a process")(error)
    default:
      return new DeploymentProvisionFailed({ name, reason: errorClause(error), logs: [], cause: error })
  }
}

const toDeprovisionError = (name: string, operation: string, error: StopError | PlatformError) =>
  error._tag === "ProcessTableUnavailable"
    ? toUnavailable(operation)(error)
    : new DeploymentDeprovisionFailed({ name, reason: errorClause(error), cause: error })

const toUnavailable =
  (operation: string) =>
  (error: ProcessTableUnavailable | PlatformError): EngineUnavailable =>
    new EngineUnavailable({ flavor, operation, reason: errorClause(error), cause: error })
