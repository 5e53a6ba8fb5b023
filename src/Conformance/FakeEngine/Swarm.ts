/** The swarm of one node of the engine that runs nothing: its tasks run at once, and end when the service wants others. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { NameConflict, SpecRejected } from "../../Docker/Client/Errors.js"
import { changed, type RawSpec, serviceBody } from "../../Docker/Client/ServiceSpecs.js"
import type {
  Service,
  ServiceChange,
  ServiceSpec,
  SwarmMembership,
  SwarmObject,
  Task
} from "../../Docker/Client/Swarm.js"
import type { SwarmObjects } from "../../Docker/Client/SwarmContract.js"
import { ServiceNotFound, SwarmObjectInUse, UpdateOutOfSequence } from "../../Docker/Client/SwarmErrors.js"
import type { DockerClient } from "../../Docker/DockerClient.js"
import { change, query } from "./Gate.js"
import type { World } from "./Model.js"
import { hasLabels } from "./View.js"

/** The membership of the only node, which is the manager. */
export const membership: SwarmMembership = {
  clusterId: "fake-swarm",
  nodeId: "fake-node",
  nodeAddress: "127.0.0.1",
  isManager: true,
  error: undefined
}

/** The operations of a swarm. */
export const swarm = (
  world: World
): Pick<typeof DockerClient.Service, "services" | "tasks" | "nodes" | "secrets" | "configs"> => {
  const services = new Map<string, Running>()
  const tasks: Array<Task> = []
  const find = (ref: string) => Array.from(services.values()).find(({ seen }) => seen.id === ref || seen.name === ref)
  const nextId = () => (world.nextId++).toString(36).padStart(25, "0")

  const settle = ({ seen, spec }: Running): void => {
    for (const [index, task] of tasks.entries()) {
      if (task.serviceId === seen.id && task.desired === "running") {
        tasks[index] = { ...task, desired: "shutdown", state: "shutdown" }
      }
    }
    const count = seen.replicas ?? 1
    for (let slot = 1; slot <= count; slot += 1) tasks.push(taskOf(nextId(), seen.id, slot, spec))
  }

  const put = (next: Running): void => {
    services.set(next.seen.id, next)
    settle(next)
  }

  const isUsed = (id: string) =>
    Array.from(services.values()).some(({ seen }) => seen.secrets.includes(id) || seen.configs.includes(id))

  return {
    services: {
      create: (spec) =>
        change(
          world,
          "create a service",
          spec.name,
          Effect.suspend((): Effect.Effect<string, NameConflict> => {
            const owner = find(spec.name)
            if (owner !== undefined) {
              return new NameConflict({ kind: "service", name: spec.name, ownerId: owner.seen.id })
            }
            const id = nextId()
            put({ spec, previous: undefined, seen: serviceOf(id, 1, spec, serviceBody(spec), undefined) })
            return Effect.succeed(id)
          })
        ),
      inspect: (ref) =>
        query(
          world,
          "inspect a service",
          Effect.suspend(() => {
            const found = find(ref)
            return found === undefined ? new ServiceNotFound({ service: ref }) : Effect.succeed(found.seen)
          })
        ),
      list: (labels) =>
        query(
          world,
          "list services",
          Effect.sync(() =>
            Array.from(services.values(), ({ seen }) => seen).filter((seen) => hasLabels(seen.labels, labels))
          )
        ),
      update: (service, how) =>
        change(
          world,
          "update a service",
          service.name,
          Effect.suspend((): Effect.Effect<void, ServiceNotFound | UpdateOutOfSequence | SpecRejected> => {
            const found = find(service.id)
            if (found === undefined) return new ServiceNotFound({ service: service.name })
            if (found.seen.version !== service.version) return new UpdateOutOfSequence({ service: service.name })
            const next = after(found, how)
            if (next === undefined) {
              return new SpecRejected({ operation: "update a service", reason: "it has no previous specification" })
            }
            // A change of labels leaves the tasks alone.
            if (how._tag === "Label") services.set(service.id, next)
            else put(next)
            return Effect.void
          })
        ),
      remove: (ref) =>
        change(
          world,
          "remove a service",
          ref,
          Effect.sync(() => {
            const found = find(ref)
            if (found === undefined) return
            services.delete(found.seen.id)
            for (const task of tasks.splice(0)) if (task.serviceId !== found.seen.id) tasks.push(task)
          })
        ),
      logs: (ref) =>
        Stream.fromIterableEffect(
          query(
            world,
            "read the log of a service",
            Effect.suspend(() => (find(ref) === undefined ? new ServiceNotFound({ service: ref }) : Effect.succeed([])))
          )
        )
    },
    tasks: {
      list: (ref) =>
        query(
          world,
          "list tasks",
          Effect.sync(() => tasks.filter(({ serviceId }) => serviceId === find(ref)?.seen.id))
        ),
      logs: () => Stream.empty
    },
    nodes: { list: query(world, "list nodes", Effect.succeed([node])) },
    secrets: objects(world, "secret", isUsed, nextId),
    configs: objects(world, "config", isUsed, nextId)
  }
}

// internal

interface Running {
  readonly spec: ServiceSpec
  readonly seen: Service
  readonly previous: Running | undefined
}

const node = {
  id: membership.nodeId,
  hostname: "fake",
  role: "manager" as const,
  availability: "active" as const,
  state: "ready" as const,
  address: membership.nodeAddress,
  labels: {},
  os: "linux",
  architecture: "x86_64"
}

const serviceOf = (
  id: string,
  version: number,
  spec: ServiceSpec,
  raw: RawSpec,
  previousLabels: Service["previousLabels"]
): Service => ({
  id,
  name: spec.name,
  version,
  createdAt: undefined,
  labels: spec.labels,
  image: spec.container.image,
  replicas: spec.replicas === "everyNode" ? undefined : spec.replicas,
  constraints: spec.constraints ?? [],
  ports: (spec.ports ?? []).map(({ container, host, mode }) => ({ container, host, mode })),
  secrets: (spec.container.secrets ?? []).map((one) => one.id),
  configs: (spec.container.configs ?? []).map((one) => one.id),
  previousLabels,
  update: undefined,
  raw: { ID: id, Spec: raw }
})

const specAfter = (spec: ServiceSpec, how: ServiceChange): ServiceSpec => {
  switch (how._tag) {
    case "Replace":
      return how.spec
    case "Scale":
      return { ...spec, replicas: how.replicas }
    case "Label":
      return { ...spec, labels: { ...spec.labels, ...how.labels } }
    case "Reconfigure": {
      const others = (spec.container.configs ?? []).filter(({ target }) => target !== how.config.target)
      return { ...spec, container: { ...spec.container, configs: [...others, how.config] } }
    }
    case "Rollback":
      return spec
  }
}

const after = (found: Running, how: ServiceChange): Running | undefined => {
  const { previous, seen } = found
  const isBack = how._tag === "Rollback"
  if (isBack && previous === undefined) return undefined
  const spec = isBack && previous !== undefined ? previous.spec : specAfter(found.spec, how)
  const raw = isBack ? serviceBody(spec) : changed(serviceBody(found.spec))(how)
  const next = serviceOf(seen.id, seen.version + 1, spec, raw, isBack ? undefined : seen.labels)
  const update = { state: isBack ? ("rollback_completed" as const) : ("completed" as const), message: "" }
  return { spec, previous: isBack ? undefined : found, seen: how._tag === "Label" ? next : { ...next, update } }
}

const taskOf = (id: string, serviceId: string, slot: number, spec: ServiceSpec): Task => ({
  id,
  serviceId,
  slot: spec.replicas === "everyNode" ? 0 : slot,
  nodeId: membership.nodeId,
  labels: spec.container.labels,
  state: "running",
  desired: "running",
  message: "started",
  error: undefined,
  at: undefined,
  createdAt: undefined,
  containerId: undefined,
  exitCode: undefined
})

const objects = <Content>(
  world: World,
  kind: "secret" | "config",
  isUsed: (id: string) => boolean,
  nextId: () => string
): SwarmObjects<Content> => {
  const all = new Map<string, SwarmObject>()
  return {
    create: ({ labels, name }) =>
      change(
        world,
        `create a ${kind}`,
        name,
        Effect.flatMap(DateTime.now, (createdAt) => {
          if (Array.from(all.values()).some((one) => one.name === name)) return new NameConflict({ kind, name })
          const id = nextId()
          all.set(id, { id, name, labels, createdAt })
          return Effect.succeed(id)
        })
      ),
    list: (labels) =>
      query(
        world,
        `list ${kind}s`,
        Effect.sync(() => Array.from(all.values()).filter((one) => hasLabels(one.labels, labels)))
      ),
    remove: (id) =>
      change(
        world,
        `remove a ${kind}`,
        id,
        Effect.suspend(() => {
          if (isUsed(id)) return new SwarmObjectInUse({ kind, id })
          all.delete(id)
          return Effect.void
        })
      )
  }
}
