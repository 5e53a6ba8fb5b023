/**
 * The supervisor of a home: a small process that outlives the program that started it, and starts a service again that ended
 * without being asked to.
 */
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import type { Service } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import { inherited, variables } from "../Flavor/Environment.js"
import { version } from "../Internal/Version.js"
import type * as Settings from "../Settings.js"
import { Home } from "../Store/Home.js"
import { Processes } from "./Processes.js"
import { readerOfThisMachine } from "./ProcessReader.js"
import * as Lock from "./Supervisor/Lock.js"
import { hasRecordedProcess, recordedProcesses } from "./Supervisor/Records.js"

/** The arguments of Node that run a supervisor. */
export const supervisorArguments = (home: string): ReadonlyArray<string> => [
  fileURLToPath(new URL("./Supervisor/main.js", import.meta.url)),
  home
]

/** The variables of a supervisor: those that a served process inherits, and those that lead to the
 * registry and to the container engine. */
export const supervisorEnvironment: Effect.Effect<Record<string, string>> = variables([
  ...inherited,
  "DEPLOYERS_REGISTRY_FILE",
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
  "DOCKER_CONFIG",
  "DOCKER_TLS_VERIFY",
  "DOCKER_CERT_PATH"
])

/** The living supervisor of the home. */
export const owner: Effect.Effect<Lock.Owner | undefined, never, Home> = Effect.flatMap(Home, ({ root }) =>
  Effect.sync(() => Lock.living(root, readerOfThisMachine()))
)

/**
 * Starts the supervisor of the home if one of the deployments has a process and no supervisor lives, or an older one. A failure is a
 * warning: the deployments run without a supervisor, too.
 */
export const ensureFor = (deployments: ReadonlyArray<Deployment>): Effect.Effect<void, never, Home | Processes> =>
  ensureIf((root) =>
    deployments.some(({ deployer, id }) => deployer.flavor === "local" && hasRecordedProcess(root, id))
  )

/** The same for all deployments of the home. */
export const ensure: Effect.Effect<void, never, Home | Processes> = Effect.suspend(() =>
  ensureIf((root) => recordedProcesses(root).length > 0)
)

const ensureIf = (hasProcess: (root: string) => boolean): Effect.Effect<void, never, Home | Processes> =>
  Effect.gen(function* () {
    const { root } = yield* Home
    const { spawnDetached } = yield* Processes
    if (yield* isSupervised(root, hasProcess)) return
    yield* spawnDetached({
      command: process.execPath,
      args: supervisorArguments(root),
      env: yield* supervisorEnvironment,
      cwd: Path.parse(root).root,
      logFile: Path.join(root, "supervisor.log")
    })
  }).pipe(
    Effect.catchAllCause((cause) =>
      Effect.logWarning("The supervisor of local deployments could not be started", cause)
    )
  )

/**
 * A deployer that keeps the supervisor of its home alive: it looks for it after each change of a deployment, and whenever
 * deployments are read.
 */
export const supervised = <S extends Settings.DeploymentInput>(
  deployer: Service<S>
): Effect.Effect<Service<S>, never, Home | Processes> =>
  Effect.map(Effect.context<Home | Processes>(), (context) => {
    const keep = <A, E>(operation: Effect.Effect<A, E>, read: (value: A) => ReadonlyArray<Deployment>) =>
      Effect.tap(operation, (value) => Effect.provide(ensureFor(read(value)), context))
    return {
      ...deployer,
      provision: (snapshot, options) => keep(deployer.provision(snapshot, options), Array.of),
      getOrCreate: (snapshot, options) => keep(deployer.getOrCreate(snapshot, options), Array.of),
      reprovision: (ref, options) => keep(deployer.reprovision(ref, options), Array.of),
      rollback: (ref, options) => keep(deployer.rollback(ref, options), Array.of),
      list: (options) => keep(deployer.list(options), (all) => all),
      get: (ref) => keep(deployer.get(ref), Array.of)
    }
  })

// internal

/** Without a recorded process there is nothing to supervise. The lock is one file, the records are one for each deployment. */
const isSupervised = (root: string, hasProcess: (root: string) => boolean): Effect.Effect<boolean> =>
  Effect.sync(() => Lock.isHeld(root, version, readerOfThisMachine()) || !hasProcess(root))
