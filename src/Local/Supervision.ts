/**
 * The supervisor of a home: a small process that outlives the program that started it, and starts a service again that ended
 * without being asked to.
 */
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import type { Service } from "../Deployer.js"
import { inherited } from "../Flavor/Environment.js"
import { version } from "../Internal/Version.js"
import type * as Settings from "../Settings.js"
import { Home } from "../Store/Home.js"
import { Processes } from "./Processes.js"
import { readerOfThisMachine } from "./ProcessReader.js"
import * as Lock from "./Supervisor/Lock.js"
import { recordedProcesses } from "./Supervisor/Records.js"

/** The arguments of Node that run a supervisor. */
export const supervisorArguments = (home: string): ReadonlyArray<string> => [
  fileURLToPath(new URL("./Supervisor/main.js", import.meta.url)),
  home,
  version
]

/**
 * Starts the supervisor of the home if a deployment has a process and no supervisor lives, or an older one. A failure is a
 * warning: the deployments run without a supervisor, too.
 */
export const ensure: Effect.Effect<void, never, Home | Processes> = Effect.gen(function* () {
  const { root } = yield* Home
  const { spawnDetached } = yield* Processes
  if (yield* isSupervised(root)) return
  const env = Object.fromEntries(
    [...inherited, "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"].flatMap(
      (name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])
    )
  )
  yield* spawnDetached({
    command: process.execPath,
    args: supervisorArguments(root),
    env,
    cwd: Path.parse(root).root,
    logFile: Path.join(root, "supervisor.log")
  })
}).pipe(
  Effect.catchAllCause((cause) => Effect.logWarning("The supervisor of local deployments could not be started", cause))
)

/**
 * A deployer that keeps the supervisor of its home alive: it looks for it after each change of a deployment, and whenever
 * deployments are read.
 */
export const supervised = <S extends Settings.DeploymentInput>(
  deployer: Service<S>
): Effect.Effect<Service<S>, never, Home | Processes> =>
  Effect.map(Effect.context<Home | Processes>(), (context) => {
    const keep = <A, E>(operation: Effect.Effect<A, E>) => Effect.zipLeft(operation, Effect.provide(ensure, context))
    return {
      ...deployer,
      provision: (snapshot, options) => keep(deployer.provision(snapshot, options)),
      getOrCreate: (snapshot, options) => keep(deployer.getOrCreate(snapshot, options)),
      reprovision: (ref, options) => keep(deployer.reprovision(ref, options)),
      rollback: (ref, options) => keep(deployer.rollback(ref, options)),
      list: (options) => keep(deployer.list(options)),
      get: (ref) => keep(deployer.get(ref))
    }
  })

// internal

/** Without a recorded process there is nothing to supervise. */
const isSupervised = (root: string): Effect.Effect<boolean> =>
  Effect.sync(() => recordedProcesses(root).length === 0 || Lock.isHeld(root, version, readerOfThisMachine()))
