/** Containers of the engine that runs nothing. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ContainerLogLine, ContainerLogsOptions, ContainerSpec } from "../../Docker/Client/Container.js"
import type { Archive, Containers } from "../../Docker/Client/Contract.js"
import {
  ArchiveRejected,
  ContainerNotFound,
  ContainerNotRunning,
  ContainerRunning,
  ImageUnavailable,
  NameConflict,
  PortConflict,
  SpecRejected,
  StartRejected
} from "../../Docker/Client/Errors.js"
import { wholeSeconds } from "../../Docker/Client/Specs.js"
import { type ArchivedFile, bytesOf, entriesOf } from "./Archives.js"
import { change, follow, query } from "./Gate.js"
import { findImage } from "./Images.js"
import type { FakeContainer, Signal, World } from "./Model.js"
import { hasLabels, toContainer, toSummary } from "./View.js"
import { attempt, die, find, isAlive, onTerm, tellOf } from "./World.js"

export const make = (world: World): Containers => ({
  create: (spec) => change(world, "create a container", spec.name ?? spec.image, create(world, spec)),
  start: (ref) => change(world, "start a container", ref, start(world, ref)),
  stop: (ref, { grace } = {}) => {
    const allowed = grace ?? find(world, ref)?.spec.stopGrace ?? "10 seconds"
    const patience = Duration.sum(Duration.seconds(wholeSeconds(allowed)), world.deadline)
    return change(world, "stop a container", ref, stop(world, ref, wholeSeconds(allowed)), patience)
  },
  kill: (ref, signal = "SIGKILL") => change(world, "kill a container", ref, kill(world, ref, signal)),
  pause: (ref) => change(world, "pause a container", ref, setPaused(world, ref, true)),
  unpause: (ref) => change(world, "unpause a container", ref, setPaused(world, ref, false)),
  remove: (ref, { force = false } = {}) => change(world, "remove a container", ref, remove(world, ref, force)),
  inspect: (ref) =>
    query(
      world,
      "inspect a container",
      Effect.flatMap(existing(world, ref), (container) => Effect.succeed(toContainer(world, container)))
    ),
  list: (labels) =>
    query(
      world,
      "list containers",
      Effect.sync(() =>
        Array.from(world.containers.values())
          .filter((container) => hasLabels(container.labels, labels))
          .reverse()
          .map(toSummary)
      )
    ),
  wait: (ref, { until = "not-running" } = {}) => wait(world, ref, until),
  logs: (ref, options = {}) => logs(world, ref, options),
  putArchive: <E, R>(ref: string, path: string, archive: Archive<E, R>) =>
    Effect.flatMap(bytesOf(archive), (bytes) =>
      change(world, "copy files into a container", ref, putArchive(world, ref, path, bytes))
    )
})

const existing = (world: World, ref: string): Effect.Effect<FakeContainer, ContainerNotFound> =>
  Effect.suspend(() => {
    const container = find(world, ref)
    return container === undefined ? new ContainerNotFound({ container: ref }) : Effect.succeed(container)
  })

const smallestMemory = 6 * 1_024 * 1_024

const flaw = ({ name, resources }: ContainerSpec): string | undefined => {
  if (name !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return `the name "${name}" is not allowed`
  const memory = resources?.memoryBytes
  return memory !== undefined && memory > 0 && memory < smallestMemory ? "the memory limit is below 6 MB" : undefined
}

const create = (
  world: World,
  spec: ContainerSpec
): Effect.Effect<string, SpecRejected | ImageUnavailable | NameConflict> =>
  Effect.gen(function* () {
    const reason = flaw(spec)
    if (reason !== undefined) return yield* new SpecRejected({ operation: "create a container", reason })
    const image = findImage(world, spec.image)
    if (image === undefined) {
      return yield* new ImageUnavailable({ image: spec.image, reason: `No such image: ${spec.image}` })
    }
    const id = (world.nextId++).toString(16).padStart(64, "0")
    const name = spec.name ?? `fake-${world.nextId}`
    const owner = Array.from(world.containers.values()).find((other) => other.name === name)
    if (owner !== undefined) return yield* new NameConflict({ kind: "container", name, ownerId: owner.id })
    const container: FakeContainer = {
      id,
      name,
      spec,
      imageId: image.id,
      labels: { ...image.labels, ...spec.labels },
      createdAt: yield* DateTime.now,
      status: "created",
      exitCode: 0,
      error: undefined,
      oomKilled: false,
      startedAt: undefined,
      finishedAt: undefined,
      restartCount: 0,
      pid: undefined,
      ports: [],
      logs: [],
      archives: [],
      stoppedByHand: false,
      gone: yield* Effect.makeLatch(false),
      run: 0
    }
    world.containers.set(id, container)
    yield* tellOf(world, container, "create")
    return id
  })

const start = (world: World, ref: string): Effect.Effect<void, ContainerNotFound | PortConflict | StartRejected> =>
  Effect.gen(function* () {
    const container = yield* existing(world, ref)
    if (container.status === "running" || container.status === "restarting") return
    if (container.status === "paused") {
      return yield* new StartRejected({ container: ref, reason: "it is paused; unpause it" })
    }
    if (container.status === "removing") {
      return yield* new StartRejected({ container: ref, reason: "it is marked for removal" })
    }
    const hindered = yield* attempt(world, container)
    if (hindered === undefined) return
    const { exitCode, port, reason } = hindered
    return yield* port === undefined
      ? new StartRejected({ container: ref, reason, exitCode })
      : new PortConflict({ container: ref, port })
  })

const stop = (world: World, ref: string, graceSeconds: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const container = find(world, ref)
    if (container === undefined) return
    if (container.status === "restarting") {
      container.status = "exited"
      container.stoppedByHand = true
    }
    if (!isAlive(container)) return
    container.stoppedByHand = true
    const { run } = container
    const exitCode = onTerm(world, container)
    if (exitCode === undefined) yield* Effect.sleep(Duration.seconds(graceSeconds))
    if (container.run === run && isAlive(container)) yield* die(world, container, exitCode ?? 137)
    yield* tellOf(world, container, "stop")
  })

const kill = (
  world: World,
  ref: string,
  signal: string
): Effect.Effect<void, ContainerNotFound | ContainerNotRunning> =>
  Effect.gen(function* () {
    const container = yield* existing(world, ref)
    if (!isAlive(container)) return yield* new ContainerNotRunning({ container: ref })
    yield* tellOf(world, container, "kill", { signal })
    const exitCode = deadly.has(signal) ? 137 : onTerm(world, container)
    if (!deadly.has(signal) && !polite.has(signal)) return
    container.stoppedByHand = true
    if (exitCode !== undefined) yield* die(world, container, exitCode)
  })

const deadly: ReadonlySet<string> = new Set(["SIGKILL", "KILL", "9"])
const polite: ReadonlySet<string> = new Set(["SIGTERM", "TERM", "15", "SIGINT", "INT", "2"])

const setPaused = (
  world: World,
  ref: string,
  paused: boolean
): Effect.Effect<void, ContainerNotFound | ContainerNotRunning> =>
  Effect.gen(function* () {
    const container = yield* existing(world, ref)
    if (container.status !== (paused ? "running" : "paused")) return yield* new ContainerNotRunning({ container: ref })
    container.status = paused ? "paused" : "running"
    yield* tellOf(world, container, paused ? "pause" : "unpause")
  })

/** A second caller waits until the first is done. */
const remove = (world: World, ref: string, force: boolean): Effect.Effect<void, ContainerRunning> =>
  Effect.gen(function* () {
    const container = find(world, ref)
    if (container === undefined) return
    if (container.status === "removing") return yield* container.gone.await
    const active = isAlive(container) || container.status === "restarting"
    if (active && !force) return yield* new ContainerRunning({ container: ref })
    container.stoppedByHand = true
    if (isAlive(container)) yield* die(world, container, 137)
    container.status = "removing"
    const removal = Effect.gen(function* () {
      yield* Effect.sleep(world.removalTakes)
      world.containers.delete(container.id)
      yield* tellOf(world, container, "destroy")
      yield* container.gone.open
    })
    yield* Effect.forkIn(removal, world.scope)
    yield* container.gone.await
  })

const wait = (world: World, ref: string, until: "not-running" | "removed"): ReturnType<Containers["wait"]> => {
  const operation = "wait for a container"
  let waited: FakeContainer | undefined
  const isOver = () =>
    waited !== undefined &&
    (until === "removed" ? !world.containers.has(waited.id) : !isAlive(waited) && waited.status !== "restarting")
  const found = Effect.map(existing(world, ref), (container) => {
    waited = container
    return isOver() ? [true] : []
  })
  return follow(world, operation, found, () => (isOver() ? [true] : [])).pipe(
    Stream.take(1),
    Stream.runDrain,
    Effect.map(() => waited?.exitCode ?? 0)
  )
}

const logs = (world: World, ref: string, options: ContainerLogsOptions): ReturnType<Containers["logs"]> => {
  const operation = "read the log of a container"
  const shown = (line: ContainerLogLine): ContainerLogLine =>
    (options.timestamps ?? true) ? line : { ...line, at: undefined }
  const recent = ({ at }: ContainerLogLine) =>
    options.since === undefined || (at !== undefined && DateTime.toEpochMillis(at) >= options.since)
  const written = Effect.map(existing(world, ref), (container) => ({
    container,
    lines: lastOf(container.logs.filter(recent), options.tail).map(shown)
  }))
  if (options.follow !== true) {
    return Stream.unwrap(Effect.map(query(world, operation, written), ({ lines }) => Stream.fromIterable(lines)))
  }
  return Stream.unwrap(
    Effect.map(query(world, operation, existing(world, ref)), (container) => {
      const ended = Effect.map(written, ({ lines }) => lines)
      return isAlive(container)
        ? follow(
            world,
            operation,
            ended,
            (signal) => linesOf(signal, container).filter(recent).map(shown),
            endsOf(container)
          )
        : Stream.unwrap(Effect.map(ended, Stream.fromIterable))
    })
  )
}

const lastOf = <A>(items: ReadonlyArray<A>, count: number | undefined): ReadonlyArray<A> =>
  count === undefined ? items : items.slice(Math.max(0, items.length - count))

const linesOf = (signal: Signal, { id }: FakeContainer): ReadonlyArray<ContainerLogLine> =>
  signal._tag === "Line" && signal.container === id ? [signal.line] : []

const endsOf =
  ({ id }: FakeContainer) =>
  (signal: Signal): boolean =>
    signal._tag === "Event" && signal.event.id === id && signal.event.action === "die"

const putArchive = (
  world: World,
  ref: string,
  path: string,
  archive: Uint8Array
): Effect.Effect<void, ContainerNotFound | ArchiveRejected> =>
  Effect.gen(function* () {
    const container = yield* existing(world, ref)
    const reason = readOnlyBecause(container, path)
    if (reason !== undefined) return yield* new ArchiveRejected({ container: ref, path, reason })
    container.archives.push(path)
    for (const entry of yield* entriesOf(archive)) keep(world, container, `${path}/${entry.path}`, entry)
  })

const readOnlyBecause = ({ spec }: FakeContainer, path: string): string | undefined => {
  const volume = volumeAt(spec, path)
  if (volume !== undefined) return volume.readOnly === true ? "mounted volume is marked read-only" : undefined
  return spec.readOnlyRoot === true ? "container rootfs is marked read-only" : undefined
}

const volumeAt = ({ mounts = [] }: ContainerSpec, path: string) =>
  mounts
    .filter((mount) => mount.type === "volume")
    .find(({ target }) => path === target || path.startsWith(`${target}/`))

/** Only what is in volumes outlives its container. */
const keep = (world: World, { spec }: FakeContainer, path: string, entry: ArchivedFile): void => {
  const volume = volumeAt(spec, path)
  if (volume === undefined) return
  const inside = path.slice(volume.target.length + 1) || "."
  world.volumes.get(volume.source)?.files.set(inside, { ...entry, path: inside })
}
