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
