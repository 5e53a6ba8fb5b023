/**
 * The door of a deployment: a container that has the port of its URL from the first deploy on, and relays each connection to
 * the instance that leads. A deployment has one; another one while its address changes.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeploymentProvisionFailed, EngineUnavailable, OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { Ports } from "../../Flavor/Ports.js"
import {
  type ArchiveRejected,
  type ChangeError,
  type Container,
  type ContainerNotFound,
  type ContainerRunning,
  DockerClient,
  type EngineUnreachable,
  type QueryError
} from "../DockerClient.js"
import type { ArchiveFailed } from "../Image/LayerTar.js"
import * as LayerTar from "../Image/LayerTar.js"
import * as Labels from "../Labels.js"
import * as Metadata from "../Metadata.js"
import type { BackendContext } from "./BackendContext.js"
import { repeated } from "./BackendErrors.js"
import { type DoorParts, doorFiles, doorSpec, stateFile, stopGraceMillis } from "./DoorContainer.js"
import { atFreePort, forUrl } from "./HostPorts.js"
import { createOnce, type LaunchError, startAt } from "./Launch.js"
import { doorNames, findContainer, findDoor } from "./Lookup.js"
import { inside } from "./Mounts/ContainerPaths.js"
import { doorVolume } from "./Mounts/DoorVolume.js"
import { ensureVolume, removeVolume } from "./Mounts/Volumes.js"
import { removeNetwork } from "./Networks.js"
import { type Request, sharedLabels } from "./ServiceContainer.js"

/** The failures of {@link openDoor}. */
export type OpenError =
  | LaunchError
  | ContainerNotFound
  | ContainerRunning
  | ArchiveRejected
  | ArchiveFailed
  | EngineUnavailable
  | EngineUnreachable
  | OutcomeUnknown
  | DeploymentProvisionFailed

/** The failures of the removal of a door. */
export type RemoveError = ContainerRunning | ChangeError

/** The parts of a door, and the network that the engine needs to start it. */
export interface Opening<E, R, E2, R2> {
  readonly parts: Effect.Effect<DoorParts, E, R>
  readonly network: Effect.Effect<void, E2, R2>
}

/** Opens the door of a requested instance, or finds the open one, and returns its place. */
export const openDoor = <E, R, E2, R2>(
  request: Request,
  opening: Opening<E, R, E2, R2>
): Effect.Effect<Labels.DoorPlace, OpenError | E | E2, DockerClient | BackendContext | Ports | R | R2> =>
  Effect.gen(function* () {
    const { address } = request.settings
    const door = yield* fittingDoor(request)
    if (door !== undefined && (yield* reopened(opening, door))) return door.place
    return yield* atFreePort(request, forUrl(request), (port) =>
      Effect.map(open(request, opening, { address, port }), Option.as({ address, port }))
    )
  })

/** Removes a door that has the fixed port of a request, and does not fit it. No instance is behind it any more. */
export const clearPort = (
  request: Request
): Effect.Effect<void, QueryError | RemoveError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { address, door, port } = request.settings
    if (port === undefined) return
    const inTheWay = (yield* doorsOf(request)).filter(
      ({ place }) => place.port === port && !(door && place.address === address)
    )
    yield* Effect.forEach(inTheWay, ({ container }) => removeDoor(container.id), { discard: true })
  })

/**
 * Leads callers to an instance. An instance without a door has none to lead. A door that was removed by hand is opened with
 * the next start of the instance.
 */
export const lead = (instance: Instance) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const place = Option.map(yield* findContainer(instance), ({ labels }) => Labels.doorOf(labels))
    if (Option.isNone(place) || place.value === undefined) return
    const door = Labels.doorName(instance.deploymentId, place.value.port)
    const archive = LayerTar.archive([stateFile(instance.generation)])
    yield* repeated(containers.putArchive(door, inside.doorVolume, archive)).pipe(
      Effect.catchTag("ContainerNotFound", () => Effect.logWarning(`The door of "${instance.name}" does not exist.`))
    )
  })

/** Closes the doors of a deployment, except that of a generation whose container exists. */
export const close = (deployment: Pick<Instance, "deploymentId">, keep?: number) =>
  Effect.gen(function* () {
    const { deploymentId } = deployment
    const names = yield* doorNames(deployment)
    if (keep !== undefined && names.length === 0) return
    const kept = keep === undefined ? Option.none() : yield* findContainer({ deploymentId, generation: keep })
    // An instance that is gone for the moment comes back behind its door.
    if (keep !== undefined && Option.isNone(kept)) return
    const place = Option.isSome(kept) ? Labels.doorOf(kept.value.labels) : undefined
    const open = place === undefined ? undefined : Labels.doorName(deploymentId, place.port)
    const others = names.filter((name) => name !== open)
    yield* Effect.forEach(others, removeDoor, { discard: true })
    if (open === undefined) yield* removeVolume(deployment, doorVolume(deploymentId))
    if (keep === undefined) yield* removeNetwork(deploymentId)
  })

// internal

/** A door and its place. */
interface Door {
  readonly container: Container
  readonly place: Labels.DoorPlace
}

const doorsOf = (deployment: Pick<Instance, "deploymentId">) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const names = yield* doorNames(deployment)
    const found = yield* Effect.forEach(names, (name) => Effect.map(inspectOption(containers, name), withPlace))
    return found.flat()
  })

/** A door may go while one looks. */
const inspectOption = ({ inspect }: typeof DockerClient.Service.containers, name: string) =>
  inspect(name).pipe(
    Effect.asSome,
    Effect.catchTag("ContainerNotFound", () => Effect.succeedNone)
  )

const withPlace = (found: Option.Option<Container>): ReadonlyArray<Door> =>
  Option.toArray(found).flatMap((container) =>
    container.requestedPorts.flatMap(({ address, host }) =>
      host === undefined ? [] : [{ container, place: { address, port: host } }]
    )
  )

/** The door at the fixed port, or that of the last instance. */
const fittingDoor = (request: Request) =>
  Effect.map(doorsOf(request), (doors) => {
    const { address, port } = request.settings
    const fitting = doors.filter(
      ({ place }) => place.address === address && (port === undefined || place.port === port)
    )
    const last = Metadata.portOf(request.previous)
    return fitting.find(({ place }) => place.port === last) ?? fitting[0]
  })

/** False if the port of a door that was not running is taken meanwhile. */
const reopened = <E, R, E2, R2>({ network, parts }: Opening<E, R, E2, R2>, { container }: Door) =>
  container.state.status === "running" || container.state.status === "paused"
    ? Effect.succeed(true)
    : Effect.gen(function* () {
        yield* fill(container.id, yield* parts)
        yield* network
        return Option.isSome(yield* startAt(container.id))
      })

/** None if the port is taken. A failed attempt leaves no container. */
const open = <E, R, E2, R2>(request: Request, { network, parts }: Opening<E, R, E2, R2>, place: Labels.DoorPlace) =>
  Effect.gen(function* () {
    const made = yield* parts
    const spec = doorSpec(request, made, place)
    const { deploymentId, name } = request
    return yield* Effect.gen(function* () {
      yield* ensureVolume(request, { name: doorVolume(deploymentId), labels: sharedLabels(request, made.deployer) })
      const id = yield* createOnce({ deploymentId, name }, spec, ({ state }) => state.status === "created")
      yield* fill(id, made)
      yield* network
      return yield* startAt(id)
    }).pipe(
      Effect.onError(() =>
        Effect.ignoreLogged(
          Effect.flatMap(
            findDoor(request, place),
            Option.match({ onNone: () => Effect.void, onSome: ({ id }) => removeDoor(id) })
          )
        )
      )
    )
  })

const fill = (id: string, { identity }: DoorParts) =>
  Effect.flatMap(DockerClient, ({ containers }) =>
    repeated(containers.putArchive(id, inside.doorVolume, LayerTar.archive(doorFiles(identity))))
  )

const removeDoor = (container: string) =>
  Effect.flatMap(DockerClient, ({ containers }) =>
    Effect.zipRight(
      repeated(containers.stop(container, { grace: stopGraceMillis })),
      repeated(containers.remove(container, { force: true }))
    )
  )
