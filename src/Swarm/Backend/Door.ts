/**
 * The door of a deployment: a service with one small task on each node, which has the port of the URL there and relays each
 * connection to a task that passes its health check.
 */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { user } from "../../Containerized/Layout.js"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import { repeated } from "../../Docker/Backend/BackendErrors.js"
import { inside } from "../../Docker/Backend/Mounts/ContainerPaths.js"
import { type Parts, sharedLabels } from "../../Docker/Backend/ServiceContainer.js"
import { DockerClient, type Service, type ServiceSpec, type SwarmFile } from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"
import { relayProgram } from "../../Door/Packed.js"
import { PortUnavailable, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import * as Metadata from "../Metadata.js"
import { createShared, relayPort } from "./Files.js"
import { findDoors, tasksOf, until } from "./Lookup.js"
import { doorName, portOf, serviceName } from "./Names.js"
import { createInNetwork, removeNetwork } from "./Network.js"
import { candidates } from "./Ports.js"
import { failed, type Request } from "./Request.js"

/** The parts of a door that are not in the request of the first generation. */
export interface DoorParts {
  readonly deployer: string
  readonly image: Parts["image"]
  readonly network: string
  readonly constraints: ReadonlyArray<string>
}

/** Opens the door of a requested generation, or finds the open one, and returns its port. */
export const openDoor = (request: Request, parts: DoorParts) =>
  Effect.gen(function* () {
    const { port } = request.settings
    const open = (yield* findDoors(request)).flatMap((door) => portOf(door) ?? [])
    const last = Metadata.portOf(request.previous)
    const fitting = open.filter((one) => port === undefined || one === port)
    const known = fitting.find((one) => one === last) ?? fitting[0]
    if (known !== undefined) return known
    const program = yield* createShared(request, programName(request.deploymentId), programFile, relayProgram)
    for (const candidate of yield* candidates(request)) {
      if (yield* openAt(request, { ...parts, program }, candidate)) return candidate
    }
    return yield* port === undefined ? noPort(request) : new PortUnavailable({ name: request.name, port })
  })

/** Closes the doors of a deployment, except one at a port. */
export const closeDoors = (deployment: Pick<Instance, "deploymentId">, keep?: number) =>
  Effect.gen(function* () {
    const { configs } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const doors = yield* findDoors(deployment)
    const others = doors.filter((door) => keep === undefined || portOf(door) !== keep)
    yield* Effect.forEach(others, removeDoor, { discard: true })
    if (keep !== undefined) return
    const labels = { ...Labels.filter({ registryId, deploymentId: deployment.deploymentId }), ...Labels.doorRole }
    for (const { id } of yield* configs.list(labels)) yield* repeated(configs.remove(id))
    yield* removeNetwork(deployment)
  })

/** True if a task of a door runs. */
export const isOpen = (door: Service) =>
  Effect.map(tasksOf(door), (tasks) => tasks.some(({ state }) => state === "running"))

// internal

/** Nothing waits for a door that closes, so its task on this node is removed at once. */
const removeDoor = ({ id, name }: Service) =>
  Effect.gen(function* () {
    const { containers, services } = yield* DockerClient
    const tasks = (yield* containers.list({ "com.docker.swarm.service.id": id })).filter((one) =>
      one.name.startsWith(`${name}.`)
    )
    yield* repeated(services.remove(id))
    yield* Effect.forEach(tasks, (one) => repeated(containers.remove(one.id, { force: true })), { discard: true })
  })

const noPort = ({ name, settings: { portRange } }: Request) =>
  failed(
    name,
    `no port between ${portRange.from} and ${portRange.to} is free on the nodes; set another portRange, or a port`
  )

const openMillis = 20_000

/** False if the port is taken on the node: then the door is removed again. */
const openAt = (request: Request, parts: DoorParts & { readonly program: SwarmFile }, port: number) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient
    const spec = doorSpec(request, parts, port)
    const id = yield* createInNetwork(request, spec).pipe(
      Effect.catchTag("NameConflict", () => ours(request, spec.name)),
      repeated,
      Effect.uninterruptible
    )
    const seen = yield* until(
      tasksOf({ id }),
      (tasks) => tasks.some(({ error, state }) => state === "running" || error !== undefined),
      openMillis
    ).pipe(Effect.onInterrupt(() => Effect.ignore(services.remove(id))))
    if (seen.some(({ state }) => state === "running")) return true
    yield* repeated(services.remove(id))
    return false
  })

const ours = (request: Request, name: string) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const found = yield* Effect.option(services.inspect(name))
    if (Option.exists(found, ({ labels }) => Labels.isDoor(labels, { ...request, registryId }))) {
      return Option.getOrThrow(found).id
    }
    return yield* new ResourceNotOwned({ name: request.name, resource: `a service named "${name}"` })
  })

const programFile = "/run/effect-deployers-door/relay.mjs"

/** A program of another version of this library has another name. */
const programName = (deploymentId: string): string =>
  `effect-deployers-${deploymentId.replaceAll("-", "")}-${programDigest}`

const programDigest = Crypto.createHash("sha256").update(relayProgram).digest("hex").slice(0, 8)

const doorSpec = (
  request: Request,
  { constraints, deployer, image, network, program }: DoorParts & { readonly program: SwarmFile },
  port: number
): ServiceSpec => ({
  name: doorName(request.deploymentId, port),
  labels: { ...sharedLabels(request, deployer), ...Labels.doorRole },
  container: {
    image: image.reference ?? image.imageId,
    labels: { ...sharedLabels(request, deployer), ...Labels.doorRole },
    entrypoint: [image.node, "--max-old-space-size=64", "--max-semi-space-size=1"],
    command: [programFile, `tcp:tasks.${serviceName(request.deploymentId)}:${relayPort}`, `${inside.port}`],
    environment: { NODE_ENV: "production", UV_THREADPOOL_SIZE: "1" },
    workingDirectory: "/",
    user: `${user.uid}:${user.gid}`,
    stopSignal: "SIGTERM",
    stopGrace: "3 seconds",
    readOnlyRoot: true,
    capDrop: ["ALL"],
    init: false,
    configs: [program],
    healthcheck: "none"
  },
  replicas: "everyNode",
  limits: { memoryBytes: 256 * 1_048_576, pids: 32 },
  restart: { condition: "any", delay: "500 millis" },
  constraints,
  networks: [network],
  log: { driver: "json-file", options: { "max-size": "1m", "max-file": "1" } },
  endpoint: "dnsrr",
  ports: [{ container: inside.port, host: port, mode: "host" }]
})
