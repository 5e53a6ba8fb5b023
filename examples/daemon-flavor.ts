// A flavor of its own: deployments as daemons of Debian's start-stop-daemon.
import { Command, type CommandExecutor, FileSystem } from "@effect/platform"
import { Context, Duration, Effect, Option, Schedule, Schema } from "effect"
import { Deployer, Deployment, Errors, type Home, Settings } from "effect-deployers"
import * as Flavor from "effect-deployers/Flavor"

export const DaemonSettings = Schema.Struct({ ...Settings.Deployment.fields, nice: Schema.optional(Schema.Int) })
type Request = Flavor.ProvisionRequest<typeof DaemonSettings.Type>
type Instance = Omit<Flavor.Instance, "name">

export class DaemonDeployer extends Context.Tag("example/DaemonDeployer")<
  DaemonDeployer,
  Deployer.Service<typeof DaemonSettings.Encoded>
>() {}

const flavor = "daemon"
const { InstanceFiles, ServiceProcess } = Flavor

const daemon = (instance: Instance, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(InstanceFiles.paths(instance), ({ generation }) =>
    Command.exitCode(Command.make("start-stop-daemon", "--quiet", "--pidfile", `${generation}/pid`, ...args))
  )

// Only a process that runs Node counts: another one may have the number of a process that ended.
const own = ["--exec", process.execPath]

const isAlive = (instance: Instance) => Effect.map(daemon(instance, "--status", ...own), (code) => code === 0)

const stop = (instance: Instance, graceSeconds: number) =>
  Effect.gen(function* () {
    const signals = `TERM/${graceSeconds}/KILL/5`
    yield* daemon(instance, "--stop", "--oknodo", "--retry", signals, ...own)
    yield* InstanceFiles.removeGeneration(yield* InstanceFiles.paths(instance))
  })

const start = (request: Request) =>
  Effect.gen(function* () {
    yield* stop(request, 2)
    const service = yield* ServiceProcess.nodeArguments(request)
    const { deployment, log } = yield* ServiceProcess.prepare(request, {
      listen: ServiceProcess.listenOn("127.0.0.1", request)
    })
    const variables = Object.entries(yield* Flavor.Environment.environmentFor(request))
    const environment = variables.map(([name, value]) => `${name}=${value}`)
    const place = ["--background", "--make-pidfile", "--output", log, "--chdir", deployment]
    const nice = request.settings.nice === undefined ? [] : ["--nicelevel", `${request.settings.nice}`]
    const node = ["--startas", "/usr/bin/env", "--", "-i", ...environment, process.execPath, ...service]
    const code = yield* daemon(request, "--start", ...place, ...nice, ...node)
    if (code !== 0) {
      const reason = `start-stop-daemon ended with exit code ${code}`
      return yield* new Errors.DeploymentProvisionFailed({ name: request.name, reason, logs: [] })
    }
    yield* Effect.repeat(isAlive(request), { until: (alive) => alive, schedule: started })
    return new Deployment.OperationalState({ status: "pending", metadata: {}, reason: "its daemon was started" })
  }).pipe(Effect.onError(() => Effect.ignore(stop(request, 2))))

const started = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(20))

const observe = (instance: Instance) =>
  Effect.gen(function* () {
    const { generation } = yield* InstanceFiles.paths(instance)
    if (!(yield* Effect.flatMap(FileSystem.FileSystem, ({ exists }) => exists(generation)))) return state("absent")
    const endpoint = Option.getOrUndefined(yield* ServiceProcess.endpointOf(instance))
    const metadata = endpoint === undefined ? {} : { pid: endpoint.pid, port: endpoint.port }
    if (!(yield* isAlive(instance))) return state("error", { metadata, reason: "its process ended" })
    return endpoint === undefined
      ? state("pending", { reason: "it does not listen yet" })
      : state("running", { metadata, url: Flavor.Ports.urlOf(endpoint.host, endpoint.port) })
  })

const state = (
  status: Deployment.Status,
  known: Partial<Omit<Deployment.OperationalState, "status">> = {}
): Deployment.OperationalState => new Deployment.OperationalState({ metadata: {}, ...known, status })

type Requirements = Home.Home | FileSystem.FileSystem | CommandExecutor.CommandExecutor

export const backend = Effect.map(Effect.context<Requirements>(), (context) =>
  Flavor.provideContext(
    {
      flavor,
      name: flavor,
      settings: DaemonSettings,
      defaults: { minHealthyMillis: 100, oldInstanceGraceMillis: 0 },
      exclusive: () => false,
      provision: (request) => Effect.mapError(start(request), Flavor.ErrorText.toProvisionError(request.name)),
      state: (instance) =>
        Effect.mapError(observe(instance), Flavor.ErrorText.toUnavailable(flavor, "observe a daemon")),
      logs: Flavor.LogReader.logs(flavor),
      deprovision: (instance, _, { grace }) =>
        Effect.mapError(stop(instance, secondsOf(grace)), Flavor.ErrorText.toDeprovisionError(instance.name)),
      updateIntake: (instance, intake) =>
        Effect.mapError(
          Flavor.InstanceIntake.updateInHome(instance, intake),
          Flavor.ErrorText.toDeprovisionError(instance.name)
        ),
      destroy: (deployment) =>
        InstanceFiles.removeDeployment(deployment, (instance) => stop(instance, 2)).pipe(
          Effect.mapError(Flavor.ErrorText.toDeprovisionError(deployment.name))
        ),
      inventory: Flavor.InstanceRecord.inventory({ flavor, name: flavor })
    },
    context
  )
)

const secondsOf = (grace: Duration.DurationInput) => Math.max(1, Math.ceil(Duration.toSeconds(grace)))

export const layer = Deployer.layer(DaemonDeployer, backend)
