/** Checks of the deployments in the registry and of their supervisor. Pure. */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Status } from "../../Local/ServiceManager.js"
import type { DeploymentFacts, RegistryFacts } from "./Facts.js"
import { count, type Finding, ok, warning } from "./Finding.js"

/** Each deployment is as its record says, and as it is desired. */
export const deployments = (registry: RegistryFacts): Finding => {
  const all = deploymentsOf(registry)
  const stale = all.flatMap((one) => problemOf(one) ?? [])
  return stale.length === 0
    ? ok(all.length === 0 ? "no deployments" : `${count(all.length, "deployment")}, each as its record says`)
    : warning(
        `${stale.join("; ")}.`,
        "`deployers reconcile --dry-run` shows the repair, `deployers reconcile` makes it; `deployers logs NAME` says more."
      )
}

/** Each deployment can be started again: the home has the bundle of its snapshot. */
export const bundles = (registry: RegistryFacts): Finding => {
  const all = deploymentsOf(registry)
  const lacking = all.filter(({ lacksBundle }) => lacksBundle).map(({ deployment }) => deployment.name)
  return lacking.length === 0
    ? ok(all.length === 0 ? "no deployments" : "the home has the bundle of each deployment")
    : warning(
        `The home has no bundle of the snapshot of ${lacking.join(", ")}, so that no new process of it can start.`,
        "Deploy again from its file: `deployers deploy FILE --name NAME`."
      )
}

/** The fixed ports of deployments without a process are free. */
export const fixedPorts = (taken: ReadonlyArray<number>, registry: RegistryFacts): Finding => {
  const waiting = deploymentsOf(registry).flatMap(({ deployment, fixedPort }) =>
    Option.toArray(fixedPort)
      .filter((port) => taken.includes(port))
      .map((port) => `${port} (${deployment.name})`)
  )
  return waiting.length === 0
    ? ok("no other program has a port of a deployment")
    : warning(
        `Another program has the port ${waiting.join(", ")}, so that the deployment cannot start.`,
        "`ss -ltnp` or `lsof -i` shows the program. End it, or deploy with another --port."
      )
}

/** The fixed ports of deployments that hold none now: they are stopped, or their process and their door are gone. */
export const waitingPorts = (registry: RegistryFacts): ReadonlyArray<number> =>
  deploymentsOf(registry).flatMap(({ deployment, fixedPort, lives }) => {
    const isHeld =
      deployment.desired === "running" && (deployment.metadata["door"] === true || !Option.contains(lives, false))
    return isHeld ? [] : Option.toArray(fixedPort)
  })

/** Local deployments are started again after a crash, and after a restart of the machine. */
export const supervisor = (status: Either.Either<Status, string>, registry: RegistryFacts): Finding => {
  const local = deploymentsOf(registry).filter(
    ({ deployment }) => deployment.deployer.flavor === "local" && deployment.desired === "running"
  ).length
  return Either.match(status, {
    onLeft: (reason) =>
      warning(`The service manager cannot be asked: ${reason}`, "Run `deployers supervise --status`."),
    onRight: (found) => (found.installed ? installed(found) : notInstalled(found, local))
  })
}

// internal

const deploymentsOf = ({ content }: RegistryFacts): ReadonlyArray<DeploymentFacts> =>
  Either.isRight(content) && Option.isSome(content.right) ? content.right.value.deployments : []

const problemOf = ({ deployment, interrupted, lives }: DeploymentFacts): string | undefined => {
  const { desired, name, reason, status, unknownSince } = deployment
  if (Option.isSome(interrupted)) return `${name}: an operation (${interrupted.value}) was interrupted`
  if (Option.contains(lives, false) && desired === "running") return `${name}: its process is gone`
  if (status === "error") return `${name}: ${reason ?? "it has failed"}`
  return status === "unknown"
    ? `${name}: it cannot be observed${unknownSince === undefined ? "" : ` since ${DateTime.formatIso(unknownSince)}`}`
    : undefined
}

const installed = ({ active, current, file, lingering, manager, name, supervisor }: Status): Finding => {
  if (!active) {
    return warning(
      `${manager} does not run the supervisor (${name}), which is installed.`,
      "`deployers supervise --install` starts it again."
    )
  }
  if (!current) {
    return warning(
      `${file ?? name} is not what an installation writes now: Node, the package or a variable has another place.`,
      "Repeat `deployers supervise --install`."
    )
  }
  if (lingering === false) {
    return warning(
      "The supervisor and its services end with the last session of the user.",
      "sudo loginctl enable-linger USER"
    )
  }
  return ok(`${manager} runs ${name}${supervisor === undefined ? "" : ` (process ${supervisor.pid})`}`)
}

const notInstalled = ({ manager, supervisor }: Status, local: number): Finding => {
  if (local === 0) return ok("no local deployment needs one")
  if (supervisor === undefined) {
    return warning(
      `No supervisor runs, so that a crash ends ${count(local, "local deployment")} until the next command.`,
      "`deployers list` starts the supervisor, `deployers supervise --install` lets the machine start it."
    )
  }
  return warning(
    `The supervisor runs (process ${supervisor.pid}), and a restart of the machine ends ${count(local, "local deployment")} until the next command.`,
    manager === "none"
      ? "No systemd or launchd manages this machine; `deployers supervise --install` prints a line for crontab."
      : `\`deployers supervise --install\` lets ${manager} start it with the machine.`
  )
}
