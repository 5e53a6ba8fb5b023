/** The life of containers that run nothing, after what a real engine was seen to do. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type { PortSpec, PublishedPort } from "../../Docker/Client/Container.js"
import type { Behaviour, FakeContainer, World } from "./Model.js"

/** True if the container has a process. */
export const isAlive = ({ status }: FakeContainer): boolean => status === "running" || status === "paused"

/** Finds a container by id, start of an id, or name. */
export const find = (world: World, ref: string): FakeContainer | undefined =>
  world.containers.get(ref) ??
  Array.from(world.containers.values()).find(({ id, name }) => name === ref || (ref.length >= 12 && id.startsWith(ref)))

/** Sends an event to all clients that follow events. */
export const tell = (
  world: World,
  type: string,
  action: string,
  id: string,
  attributes: Readonly<Record<string, string>>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const event = { type, action, id, attributes, at: yield* DateTime.now }
    world.events.push(event)
    yield* PubSub.publish(world.signals, { _tag: "Event", event })
  })

/** Sends an event of a container to all clients that follow events. */
export const tellOf = (
  world: World,
  container: FakeContainer,
  action: string,
  more: Readonly<Record<string, string>> = {}
): Effect.Effect<void> =>
  tell(world, "container", action, container.id, {
    ...container.labels,
    name: container.name,
    image: container.spec.image,
    ...more
  })

/** The reason why a container cannot start now, with the exit code that an engine gives it; `undefined` if it can. */
export const obstacle = (
  world: World,
  container: FakeContainer
): { readonly reason: string; readonly exitCode: number; readonly port?: number } | undefined => {
  const network = container.spec.network
  if (network !== undefined && !builtInNetworks.has(network) && !hasNetwork(world, network)) {
    return { reason: `network ${network} not found`, exitCode: 128 }
  }
  const port = (container.spec.ports ?? []).find((port) => isTaken(world, container, port))?.host
  if (port !== undefined) return { reason: `port ${port} is already allocated`, exitCode: 128, port }
  return world.behave(container.spec).startable === false
    ? { reason: `exec: "${container.spec.entrypoint?.[0] ?? "program"}": no such file or directory`, exitCode: 127 }
    : undefined
}

const builtInNetworks: ReadonlySet<string> = new Set(["bridge", "default", "host", "none"])

const hasNetwork = (world: World, ref: string): boolean =>
  Array.from(world.networks.values()).some(({ id, name }) => id === ref || name === ref)

const isTaken = (world: World, container: FakeContainer, { host }: PortSpec): boolean =>
  host !== undefined &&
  (world.takenPorts.has(host) ||
    Array.from(world.containers.values()).some(
      (other) => other !== container && isAlive(other) && other.ports.some((port) => port.host === host)
    ))

/** Starts a container that nothing hinders. */
export const begin = (world: World, container: FakeContainer): Effect.Effect<void> =>
  Effect.gen(function* () {
    const behaviour = world.behave(container.spec)
    container.status = "running"
    container.exitCode = 0
    container.error = undefined
    container.oomKilled = false
    container.startedAt = yield* DateTime.now
    container.pid = world.nextPid++
    container.ports = (container.spec.ports ?? []).map((port) => publish(world, port))
    container.run += 1
    container.stoppedByHand = false
    yield* tellOf(world, container, "start")
    yield* Effect.forEach(behaviour.logs ?? [], (line) => write(world, container, line), { discard: true })
    if (behaviour.exit !== undefined) yield* planExit(world, container, behaviour.exit)
  })

const publish = (world: World, port: PortSpec): PublishedPort => ({
  container: port.container,
  protocol: port.protocol ?? "tcp",
  address: port.address ?? "127.0.0.1",
  host: port.host ?? world.nextPort++
})

/** Lets a container write a line. */
export const write = (
  world: World,
  container: FakeContainer,
  line: string | { readonly stream: "stdout" | "stderr"; readonly text: string }
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const said = typeof line === "string" ? { stream: "stdout" as const, text: line } : line
    const written = { ...said, at: yield* DateTime.now }
    container.logs.push(written)
    yield* PubSub.publish(world.signals, { _tag: "Line", container: container.id, line: written })
  })

const planExit = (
  world: World,
  container: FakeContainer,
  { after = Duration.zero, code, oomKilled = false }: NonNullable<Behaviour["exit"]>
): Effect.Effect<void> => {
  const run = container.run
  const exit = Effect.suspend(() =>
    container.run === run && isAlive(container) ? die(world, container, code, oomKilled) : Effect.void
  )
  return Duration.equals(Duration.decode(after), Duration.zero)
    ? exit
    : Effect.asVoid(Effect.forkIn(Effect.delay(exit, after), world.scope))
}

/** Ends a container's process, and starts it again if its policy says so. */
export const die = (world: World, container: FakeContainer, exitCode: number, oomKilled = false): Effect.Effect<void> =>
  Effect.gen(function* () {
    container.status = "exited"
    container.exitCode = exitCode
    container.oomKilled = oomKilled
    container.finishedAt = yield* DateTime.now
    container.pid = undefined
    container.ports = []
    if (!container.stoppedByHand && restarts(container, exitCode)) yield* planRestart(world, container)
    yield* tellOf(world, container, "die", { exitCode: String(exitCode) })
  })

const restarts = ({ restartCount, spec: { restartPolicy } }: FakeContainer, exitCode: number): boolean => {
  switch (restartPolicy?.name) {
    case "always":
    case "unless-stopped":
      return true
    case "on-failure":
      return exitCode !== 0 && restartCount < restartPolicy.maximumRetryCount
    default:
      return false
  }
}

/** The first restart waits 100 ms, each further one twice as long, a minute at most. */
const planRestart = (world: World, container: FakeContainer): Effect.Effect<void> => {
  container.status = "restarting"
  const run = container.run
  const pause = Math.min(100 * 2 ** container.restartCount, 60_000)
  const restart = Effect.suspend(() => {
    if (container.run !== run || container.status !== "restarting") return Effect.void
    container.restartCount += 1
    return Effect.asVoid(attempt(world, container))
  })
  return Effect.asVoid(Effect.forkIn(Effect.delay(restart, Duration.millis(pause)), world.scope))
}

/** Starts a container or notes why that was not possible, and answers that. */
export const attempt = (world: World, container: FakeContainer) =>
  Effect.gen(function* () {
    const hindered = obstacle(world, container)
    if (hindered === undefined) {
      yield* begin(world, container)
      return undefined
    }
    if (container.status === "restarting") container.status = "exited"
    container.exitCode = hindered.exitCode
    container.error = hindered.reason
    return hindered
  })

/** The exit code after `SIGTERM`; `undefined` if the container does not end. */
export const onTerm = (world: World, container: FakeContainer): number | undefined => {
  const reaction = world.behave(container.spec).onTerm ?? 143
  if (reaction === "unhandled") return container.spec.init === true ? 143 : undefined
  return reaction === "ignores" ? undefined : reaction
}

/** Starts an engine on the state of the last one: its containers ended with it, and some restart. */
export const restartEngine = (
  world: World,
  how: "SIGTERM" | "SIGKILL",
  downtime: Duration.DurationInput
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const alive = Array.from(world.containers.values()).filter(
      (container) => isAlive(container) || container.status === "restarting"
    )
    world.reachable = false
    yield* PubSub.publish(world.signals, { _tag: "Down" })
    for (const container of alive) {
      const byHand = container.stoppedByHand
      container.stoppedByHand = true
      yield* die(world, container, onTerm(world, container) ?? 137)
      container.stoppedByHand = byHand
    }
    yield* Effect.sleep(downtime)
    world.reachable = true
    for (const container of world.containers.values()) {
      if (comesBack(container, how, alive.includes(container))) yield* attempt(world, container)
    }
  })

/** A killed engine does not remember that an `unless-stopped` container was not stopped by hand. */
const comesBack = (container: FakeContainer, how: "SIGTERM" | "SIGKILL", wasAlive: boolean): boolean => {
  switch (container.spec.restartPolicy?.name) {
    case "always":
      return container.startedAt !== undefined
    case "unless-stopped":
      return wasAlive && how === "SIGTERM"
    case "on-failure":
      return wasAlive && container.exitCode !== 0
    default:
      return false
  }
}
