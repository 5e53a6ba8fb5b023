/** Observes a generation through the service of its deployment and its tasks. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { OperationalState } from "../../Deployment.js"
import { DockerClient, type Service, type Task } from "../../Docker/DockerClient.js"
import type { Instance } from "../../Flavor/Instance.js"
import { meaningOfExit } from "../../Flavor/InstanceManifest.js"
import { urlOf } from "../../Flavor/Ports.js"
import * as Metadata from "../Metadata.js"
import { isOpen } from "./Door.js"
import { currentSwarm, findDoors, findService, isOf, tasksOf } from "./Lookup.js"
import { acceptedOf, addressKey, generationOf, portOf } from "./Names.js"
import { requireSwarmOf } from "./SwarmOf.js"

/**
 * Observes a generation.
 *
 * @param stored the metadata of the generation in the registry
 */
export const observe = (instance: Instance, stored: OperationalState["metadata"]) =>
  Effect.gen(function* () {
    const found = yield* findService(instance)
    if (Option.isNone(found)) {
      yield* requireSwarmOf(instance, stored, "observe a service")
      return absent
    }
    const service = found.value
    const { clusterId } = yield* currentSwarm
    const doors = yield* findDoors(instance)
    const tasks = yield* tasksOf(service)
    const port = portOf(service) ?? doorOf(doors, stored)?.port
    const view = {
      service,
      tasks,
      now: yield* engineTime,
      generation: instance.generation,
      starting: Option.exists(Metadata.decodeOf(instance, stored), ({ starting }) => starting === true),
      metadata: metadataOf(service, { generation: instance.generation, engineId: clusterId, port })
    }
    const state = stateOf(view)
    if (state.status !== "running") return state
    return port === undefined ? unreachable(state, "its door does not exist") : yield* reached(state, view, doors, port)
  })

/** A service with its tasks, and the generation of interest. */
export interface View {
  readonly service: Service
  /** Newest first. */
  readonly tasks: ReadonlyArray<Task>
  readonly generation: number
  /** The time of the engine, in milliseconds since the epoch. */
  readonly now: number
  /** True if no task of the generation has run before, as far as the registry knows. */
  readonly starting: boolean
  readonly metadata: Metadata.Metadata
}

/** The state of a generation, without its URL. */
export const stateOf = (view: View): OperationalState => {
  const { generation, service } = view
  const current = generationOf(service)
  if (current === generation) return ofCurrent(view)
  return current > generation ? ofOlder(view, current) : ofUndone(view)
}

/** The metadata of a generation. */
export const metadataOf = (
  { id, image, name, replicas }: Service,
  {
    engineId,
    generation,
    port
  }: Pick<Metadata.Metadata, "engineId" | "generation"> & {
    readonly port: number | undefined
  }
): Metadata.Metadata => ({
  serviceId: id,
  serviceName: name,
  image,
  ...(port === undefined ? {} : { port }),
  engineId,
  generation,
  replicas: replicas ?? 1
})

// internal

const absent = new OperationalState({ status: "absent", metadata: {} })

const at = (
  { metadata }: View,
  status: OperationalState["status"],
  reason?: string,
  exitCode?: number
): OperationalState =>
  new OperationalState({
    status,
    metadata: Metadata.encode({ ...metadata, ...(exitCode === undefined ? {} : { exitCode }) }),
    ...(reason === undefined ? {} : { reason })
  })

const ofCurrent = (view: View): OperationalState => {
  const { service, starting, tasks } = view
  const mine = tasks.filter(isOf(view.generation))
  const running = mine.filter(isRunning)
  const replicas = service.replicas ?? 1
  if (replicas === 0) return at(view, "error", "its service was scaled to 0 tasks from outside")
  if (starting) return ofStarting(view, mine, running)
  if (running.length >= replicas) return at(view, "running")
  if (running.length > 0)
    return at(view, "running", `${running.length} of ${replicas} tasks run; ${whyNot(view, mine)}`)
  return endings(mine).length >= crashLoopBound || isStuck(view, mine)
    ? at(view, "error", whyNot(view, mine), exitCodeOf(mine))
    : at(view, "pending", whyNot(view, mine))
}

/** A generation that is starting has failed with the first end of a task; it runs when the update is complete. */
const ofStarting = (view: View, mine: ReadonlyArray<Task>, running: ReadonlyArray<Task>): OperationalState => {
  const { service, tasks } = view
  if (endings(mine).length > 0 || isStuck(view, mine)) return at(view, "error", whyNot(view, mine), exitCodeOf(mine))
  const state = service.update?.state
  if (state === "paused" || state === "rollback_paused") {
    return at(view, "error", `the engine has paused its update: ${service.update?.message}`)
  }
  const isRolling = state === "updating" || tasks.some((task) => !isOf(view.generation)(task) && isRunning(task))
  return running.length >= (service.replicas ?? 1) && !isRolling
    ? at(view, "running")
    : at(view, "pending", `${running.length} of ${service.replicas ?? 1} tasks are healthy`)
}

const ofOlder = (view: View, current: number): OperationalState => {
  if ((acceptedOf(view.service) ?? 0) > view.generation) return absent
  const running = view.tasks.filter(isOf(view.generation)).filter(isRunning)
  return running.length > 0
    ? at(view, "running", `generation ${current} is starting`)
    : at(view, "pending", `generation ${current}, which is not accepted yet, has taken its place`)
}

/** The engine has rolled an update back, by itself or by request. */
const ofUndone = (view: View): OperationalState => {
  const mine = view.tasks.filter(isOf(view.generation))
  return mine.length === 0
    ? absent
    : at(
        view,
        "error",
        `${whyNot(view, mine)}; the swarm went back to generation ${generationOf(view.service)}`,
        exitCodeOf(mine)
      )
}

const isRunning = ({ desired, state }: Task): boolean => state === "running" && desired === "running"

/** Tasks that ended by themselves, newest first. One that the swarm ended was asked to before. */
const endings = (mine: ReadonlyArray<Task>): ReadonlyArray<Task> =>
  mine.filter(({ state }) => state === "failed" || state === "rejected" || state === "complete")

/** The number of ended tasks that makes a crash loop. */
const crashLoopBound = 3

/** The scheduler looks for a node again and again. What it has not found for so long it will not find soon. */
const stuckMillis = 10_000

const isStuck = ({ now }: View, mine: ReadonlyArray<Task>): boolean =>
  mine.some(
    ({ createdAt, error, state }) =>
      state === "pending" &&
      error !== undefined &&
      createdAt !== undefined &&
      now - createdAt.epochMillis >= stuckMillis
  )

const exitCodeOf = (mine: ReadonlyArray<Task>): number | undefined => {
  const [last] = endings(mine)
  return last?.containerId === undefined ? undefined : last.exitCode
}

const whyNot = (view: View, mine: ReadonlyArray<Task>): string => {
  const waiting = mine.find(({ error, state }) => state === "pending" && error !== undefined)
  if (waiting !== undefined) return `no node can run a task of it: ${clean(waiting.error)}`
  const [last] = endings(mine)
  if (last === undefined)
    return `the swarm is starting its tasks${view.service.update === undefined ? "" : ` (${view.service.update.state})`}`
  const code = exitCodeOf(mine)
  if (code === undefined || last.state === "rejected") return `a task could not be started: ${clean(last.error)}`
  const meaning = meaningOfExit(code) ?? meanings[code]
  return `a task ended with exit code ${code}${meaning === undefined ? "" : ` (${meaning})`}`
}

const clean = (text: string | undefined): string => (text ?? "no reason given").trim().replace(/\.$/, "")

const heap = "JavaScript's heap may have been full, raise the setting memory"

const meanings: Readonly<Record<number, string>> = {
  134: heap,
  137: "it was killed; raise the setting memory if that was too small",
  139: heap
}

const engineTime = Effect.gen(function* () {
  const { engine } = yield* DockerClient
  const { time } = yield* engine.info
  return time?.epochMillis ?? (yield* Clock.currentTimeMillis)
})

const doorOf = (doors: ReadonlyArray<Service>, stored: OperationalState["metadata"]) => {
  const open = doors.flatMap((door) => {
    const port = portOf(door)
    return port === undefined ? [] : [{ door, port }]
  })
  const last = Metadata.portOf(stored)
  return open.find(({ port }) => port === last) ?? open[0]
}

const unreachable = ({ metadata }: OperationalState, reason: string) =>
  new OperationalState({ status: "error", metadata, reason })

const reached = (state: OperationalState, { service }: View, doors: ReadonlyArray<Service>, port: number) =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { hostname, remote } = yield* host
    const door = portOf(service) === undefined ? doors.find((one) => portOf(one) === port) : undefined
    if (door !== undefined && !(yield* isOpen(door))) {
      return new OperationalState({ ...state, status: "pending", reason: "its door does not run at the moment" })
    }
    return new OperationalState({
      ...state,
      url: urlOf(service.labels[addressKey] ?? (remote ? hostname : "127.0.0.1"), port)
    })
  })
