/** Checks of the ports, the process table and the clock of the machine. Pure. */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { PortRange, ProcessReading, ProxyVariables, RegistryContent, RegistryFacts } from "./Facts.js"
import { count, type Finding, fault, ok, warning } from "./Finding.js"

/** A service can listen on loopback. */
export const loopback: (problem: Option.Option<string>) => Finding = Option.match({
  onNone: () => ok("ports of 127.0.0.1 are free"),
  onSome: (reason) =>
    fault(
      `No port of 127.0.0.1 accepts a listener (${reason}).`,
      "Check the network settings of this machine or container."
    )
})

/** The machine has ports to choose from, and no fixed port of a deployment is among them. */
export const ports = (range: Option.Option<PortRange>, registry: RegistryFacts): Finding =>
  Option.match(range, {
    onNone: () => ok("this machine does not show the range of its ports"),
    onSome: ({ first, last }) => {
      const chosen = contentOf(registry).flatMap(({ deployments }) =>
        deployments.flatMap(({ deployment, fixedPort }) =>
          Option.toArray(fixedPort)
            .filter((port) => port >= first && port <= last)
            .map((port) => `${port} (${deployment.name})`)
        )
      )
      if (chosen.length > 0) {
        return warning(
          `The machine gives the ports ${first} to ${last} to any program, and deployments need ${chosen.join(", ")}. Another program can have such a port when its service starts again.`,
          `Deploy with a --port outside of the range, such as one below ${first}.`
        )
      }
      const total = last - first + 1
      return total >= fewPorts
        ? ok(`services without a port of their own get one of ${first} to ${last}`)
        : warning(
            `The machine has only ${count(Math.max(total, 0), "port")} for connections and for services without a port of their own (${first} to ${last}).`,
            "Widen the range: net.ipv4.ip_local_port_range on Linux, net.inet.ip.portrange.first on macOS."
          )
    }
  })

/** Requests for this machine reach it, and no proxy of the environment. */
export const proxy = ({ excepted, names }: ProxyVariables): Finding => {
  if (names.length === 0) return ok("no proxy in the environment")
  const isExcepted = excepted.split(/[\s,]+/).some((host) => /^(\*|127\.0\.0\.1|127\.0\.0\.0\/8)$/.test(host))
  return isExcepted
    ? ok(`${names.join(", ")}, not for 127.0.0.1`)
    : warning(
        `${names.join(", ")} is set and NO_PROXY does not have 127.0.0.1: curl and other programs send requests for a deployment, with its key, to the proxy.`,
        "Add 127.0.0.1 and localhost to NO_PROXY."
      )
}

/** The process table can be read. Without it no local deployment can be observed. */
export const processes = ({ reader, self }: ProcessReading): Finding =>
  Either.match(self, {
    onLeft: (reason) =>
      fault(`The processes of this machine cannot be listed by ${reader}: ${reason}`, remedyOf(reader)),
    onRight: (found) =>
      found
        ? ok(`processes are read by ${reader}`)
        : fault(`${reader} does not show the process of this command.`, remedyOf(reader))
  })

/** The clock is not behind the records: leases and the order of records need a clock that goes forward. */
export const clock = (now: DateTime.Utc, registry: RegistryFacts): Finding => {
  const newest = contentOf(registry).flatMap(({ newest }) => Option.toArray(newest))[0]
  const behindMillis = newest === undefined ? 0 : DateTime.distance(now, newest)
  return newest === undefined || behindMillis <= toleratedMillis
    ? ok(DateTime.formatIso(now))
    : fault(
        `The clock shows ${DateTime.formatIso(now)}, which is ${spanOf(behindMillis)} before the newest record of the registry (${DateTime.formatIso(newest)}). Leases of ended programs stay valid until the clock is there again.`,
        "Set the clock, and let the machine synchronize it (`timedatectl set-ntp true`, or Date & Time on macOS)."
      )
}

// internal

const fewPorts = 1_000
const toleratedMillis = 60_000

const contentOf = ({ content }: RegistryFacts): ReadonlyArray<RegistryContent> =>
  Either.isRight(content) ? Option.toArray(content.right) : []

const spanOf = (millis: number): string => {
  const minutes = Math.round(millis / 60_000)
  if (minutes < 120) return count(minutes, "minute")
  return minutes < 2_880 ? count(Math.round(minutes / 60), "hour") : count(Math.round(minutes / 1_440), "day")
}

const remedyOf = (reader: string): string =>
  reader === "ps"
    ? "Install ps (the package procps), or check that /bin/ps runs."
    : "Mount /proc, without hidepid for the user of the deployments."
