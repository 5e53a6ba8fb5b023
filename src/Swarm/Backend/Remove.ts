/** Ends generations and removes deployments. Only resources with our labels are touched. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { OperationalState } from "../../Deployment.js"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import { repeated } from "../../Docker/Backend/BackendErrors.js"
import { DockerClient, type Service, ServiceChange } from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"
import { DeploymentDeprovisionFailed } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import { folders, generationsIn } from "../../Flavor/InstanceFiles.js"
import { change } from "./Change.js"
import { closeDoors } from "./Door.js"
import { dataVolume, removeUnused } from "./Files.js"
import { findService, isAlive, isOf, tasksOf, until } from "./Lookup.js"
import { acceptedOf, generationOf, previousOf } from "./Names.js"
import { removeNetwork } from "./Network.js"
import { requireSwarmOf } from "./SwarmOf.js"

type Ended = Pick<Instance, "deploymentId" | "generation"> & Partial<Pick<Instance, "name">>

/**
 * Ends a generation. A newer one that the registry has not accepted is rolled back, the accepted one stops with its service,
 * and an older one has lost its place already. Missing resources are a success.
 */
export const end = (instance: Ended, stored: OperationalState["metadata"], grace: Duration.DurationInput) =>
  Effect.gen(function* () {
    const found = yield* findService(instance)
    if (Option.isNone(found)) yield* requireSwarmOf(instance, stored, "remove a service")
    else yield* leave(found.value, instance, Duration.toMillis(grace))
    yield* removeLocal(instance)
    yield* removeUnused(instance)
    const at = yield* folders(instance)
    yield* removeFolder(at.generation)
    yield* removeNetwork(instance)
  })

/** Removes the service, its door, the network and all files of a deployment, its data included. Its images stay. */
export const destroy = ({ deploymentId, name }: Pick<Instance, "deploymentId" | "name">) =>
  Effect.gen(function* () {
    const { volumes } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const at = yield* folders({ deploymentId, generation: 0 })
    for (const generation of yield* generationsIn(at)) yield* end({ deploymentId, generation, name }, {}, 0)
    const found = yield* findService({ deploymentId })
    if (Option.isSome(found)) yield* removeService(found.value, survivorGraceMillis)
    yield* removeLocal({ deploymentId })
    yield* removeUnused({ deploymentId })
    yield* closeDoors({ deploymentId })
    for (const { name } of yield* volumes.list(Labels.filter({ registryId, deploymentId }))) {
      if (name === dataVolume(deploymentId)) yield* repeated(volumes.remove(name))
    }
    yield* removeFolder(at.deployment)
  })

// internal

const survivorGraceMillis = 5_000

/** The swarm takes two seconds to lead callers away from a task before it stops it. */
const leadAwayMillis = 5_000

/** Every call of a backend ends within a minute. */
const mostMillis = 45_000

const leave = (service: Service, instance: Ended, graceMillis: number) => {
  const { generation } = instance
  const current = generationOf(service)
  const accepted = acceptedOf(service)
  if (current === generation && (accepted === undefined || accepted >= generation)) {
    return removeService(service, graceMillis)
  }
  if (current === generation) return rollBack(service, instance, accepted ?? 0)
  return gone(service, generation, current < generation ? mostMillis : graceMillis + leadAwayMillis)
}

/** The tasks of the accepted generation that still run stay; others start before those of the newer one stop. */
const rollBack = (service: Service, instance: Ended, accepted: number) =>
  Effect.gen(function* () {
    yield* change(findService(instance), (now) => {
      if (generationOf(now) !== instance.generation) return Effect.succeed(undefined)
      return previousOf(now) === accepted
        ? Effect.succeed(ServiceChange.Rollback())
        : new DeploymentDeprovisionFailed({
            name: instance.name ?? now.name,
            reason: `service ${now.name} cannot go back to generation ${accepted}, because it was changed from outside; deploy again`
          })
    })
    yield* gone(service, instance.generation, mostMillis)
  })

/** Waits until no task of a generation is left that the swarm still wants. */
const gone = (service: Service, generation: number, millis: number) =>
  Effect.asVoid(
    until(
      tasksOf(service),
      (tasks) => !tasks.some((task) => isOf(generation)(task) && isAlive(task)),
      Math.min(millis, mostMillis)
    )
  )

/** Asks the tasks to stop, waits for them, and removes the service. Without a grace period nothing waits. */
const removeService = (service: Service, graceMillis: number) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient
    if (graceMillis > 0) {
      yield* change(findNow(service), (now) =>
        Effect.succeed(now.replicas === 0 ? undefined : ServiceChange.Scale({ replicas: 0 }))
      )
      yield* until(
        tasksOf(service),
        (tasks) => !tasks.some(isAlive),
        Math.min(graceMillis + leadAwayMillis, mostMillis)
      )
    }
    yield* repeated(services.remove(service.id))
  })

const findNow = ({ id }: Service) =>
  Effect.flatMap(DockerClient, ({ services }) => services.inspect(id)).pipe(
    Effect.asSome,
    Effect.catchTag("ServiceNotFound", () => Effect.succeedNone)
  )

/** A removed service leaves its tasks to their nodes. Those of this node are removed at once, the others by their nodes. */
const removeLocal = (of: Pick<Instance, "deploymentId"> & Partial<Ended>) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const service = yield* findService(of)
    const kept = Option.isSome(service) ? generationOf(service.value) : undefined
    const labels = Labels.filter({
      registryId,
      deploymentId: of.deploymentId,
      ...(of.generation === undefined ? {} : { generation: of.generation })
    })
    const found = (yield* containers.list(labels)).filter(
      ({ labels }) =>
        labels[Labels.keys.role] !== Labels.doorRole[Labels.keys.role] &&
        (kept === undefined || generationOf({ labels }) !== kept)
    )
    yield* Effect.forEach(found, ({ id }) => repeated(containers.remove(id, { force: true })), { discard: true })
  })

const removeFolder = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(folder, { recursive: true, force: true }))
