/** The command tree. */
import * as CliCommand from "@effect/cli/Command"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Bundler } from "../Bundle.js"
import type { Endpoints } from "../Client.js"
import type { Deployer } from "../Deployer.js"
import type { ServiceManager } from "../Local/ServiceManager.js"
import type { BuildStore } from "../Store/BuildStore.js"
import type { DeploymentStore } from "../Store/DeploymentStore.js"
import type { EventStore } from "../Store/EventStore.js"
import type { HomeBinding } from "../Store/HomeBinding.js"
import type { RegistryCopy } from "../Store/Registry/RegistryCopy.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import type { SecretStore } from "../Store/SecretStore.js"
import type { SnapshotStore } from "../Store/SnapshotStore.js"
import { adopt } from "./Commands/Adopt.js"
import { artifacts } from "./Commands/Artifacts.js"
import { auth } from "./Commands/Auth.js"
import { abort, promote } from "./Commands/Canary.js"
import { remove } from "./Commands/Delete.js"
import { deploy } from "./Commands/Deploy.js"
import { checkUsage } from "./Commands/DeployTarget.js"
import { describe } from "./Commands/Describe.js"
import { dev } from "./Commands/Dev.js"
import { events } from "./Commands/Events.js"
import { exportCommand } from "./Commands/Export.js"
import { help } from "./Commands/HelpCommand.js"
import { init } from "./Commands/Init.js"
import { maintenance, pause, resume } from "./Commands/Intake.js"
import * as Invoke from "./Commands/Invoke.js"
import { deprovision, provision, refresh, revisions, rollback } from "./Commands/Lifecycle.js"
import { list } from "./Commands/List.js"
import { logs } from "./Commands/Logs.js"
import { reconcile } from "./Commands/ReconcileCommand.js"
import { registry } from "./Commands/Registry.js"
import { signal } from "./Commands/Retry.js"
import { run, runs } from "./Commands/Runs.js"
import { scheduleCommands, schedules } from "./Commands/Schedules.js"
import { secret } from "./Commands/Secret.js"
import { session, sessions } from "./Commands/Sessions.js"
import { share } from "./Commands/Share.js"
import { pipeline, snapshot } from "./Commands/SnapshotCommands.js"
import { supervise } from "./Commands/Supervise.js"
import { triggerCommands, triggers } from "./Commands/Triggers.js"
import { ui } from "./Commands/Ui.js"
import { webhookCommands, webhooks } from "./Commands/Webhooks.js"
import * as Completions from "./Completions.js"
import type { Deployers } from "./Deployers.js"
import { type Doctor, doctor } from "./Doctor.js"
import type { Parameter } from "./Options/InvokeFlags.js"

/**
 * The services that commands use.
 *
 * @category models
 * @since 0.1.0
 */
export type Services =
  | Deployer
  | Deployers
  | Bundler
  | SnapshotStore
  | EventStore
  | SecretStore
  | SecretBox
  | DeploymentStore
  | BuildStore
  | HomeBinding
  | RegistryCopy
  | Endpoints
  | ServiceManager
  | HttpClient.HttpClient

/**
 * Layers that are built only when a command needs them: help opens no registry.
 *
 * @category models
 * @since 0.1.0
 */
export interface Layers<E, R, DE, DR> {
  readonly services: Layer.Layer<Services, E, R>
  readonly doctor: Layer.Layer<Doctor, DE, DR>
}

/**
 * All commands, with options of `invoke` for the given parameters. Embed the value in your own program, or run it with
 * {@link run}.
 *
 * @category commands
 * @since 0.1.0
 */
export const make = <E, R, DE, DR>(layers: Layers<E, R, DE, DR>, parameters: ReadonlyArray<Parameter> = []) => {
  const served = <Name extends string, CR, CE, A>(command: CliCommand.Command<Name, CR, CE, A>) =>
    CliCommand.provide(command, layers.services)
  const scriptOf = (shell: Completions.Shell): Effect.Effect<string> => Completions.scriptOf(shell, root.descriptor)
  const commands = [
    init,
    CliCommand.transformHandler(served(deploy), (run, given) => Effect.zipRight(checkUsage(given), run)),
    dev,
    served(list),
    served(ui),
    served(describe),
    served(Invoke.make(parameters)),
    served(logs),
    served(refresh),
    served(provision),
    served(deprovision),
    served(remove),
    served(runs),
    served(run),
    served(artifacts),
    served(schedules),
    served(scheduleCommands),
    served(triggers),
    served(triggerCommands),
    served(webhooks),
    served(webhookCommands),
    served(sessions),
    served(session),
    served(signal),
    served(rollback),
    served(promote),
    served(abort),
    served(pause),
    served(maintenance),
    served(resume),
    served(revisions),
    served(events),
    served(auth),
    served(share),
    served(secret),
    served(snapshot),
    served(pipeline),
    served(exportCommand),
    served(reconcile),
    served(supervise),
    served(adopt),
    served(registry),
    CliCommand.provide(doctor, layers.doctor),
    Completions.make(scriptOf),
    help
  ] as const
  const root = CliCommand.make("deployers").pipe(
    CliCommand.withDescription("Serve typed pipelines as HTTP services."),
    CliCommand.withSubcommands(commands)
  )
  return { commands, root }
}
