/** Ends and removes instances and deployments. Only resources with our labels are touched. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { OperationalState } from "../../Deployment.js"
import type { Instance } from "../../Flavor/Instance.js"
import { folders, generationsIn } from "../../Flavor/InstanceFiles.js"
import type { Home } from "../../Store/Home.js"
import { DockerClient, type NetworkInUse } from "../DockerClient.js"
import type { BackendContext } from "./BackendContext.js"
import { type EndError, repeated } from "./BackendErrors.js"
import { doorNames, listContainers, requireEngineOf } from "./Lookup.js"
import { removeAllFiles, removeFiles, removeMounts } from "./Mounts/Select.js"
import { removeNetwork } from "./Networks.js"

type Needs = Home | FileSystem | DockerClient | BackendContext

/**
 * Stops and removes the container of an instance and the files of its generation, and with the last instance the network
 * of the deployment. Missing resources are a success.
 */
export const end = (
  instance: Pick<Instance, "deploymentId" | "generation">,
  stored: OperationalState["metadata"],
  grace: Duration.DurationInput
): Effect.Effect<void, EndError, Needs> =>
  Effect.gen(function* () {
    const found = yield* listContainers(instance, stored)
    if (found.length === 0) yield* requireEngineOf(instance, stored, "remove a container")
    yield* endAll(found, grace)
    yield* removeNetwork(instance.deploymentId)
    yield* removeFiles(instance)
  })

/** Removes the containers and mounted files of an instance that has no record. The network of the deployment stays. */
export const discard = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, Exclude<EndError, NetworkInUse>, Needs> =>
  Effect.gen(function* () {
    yield* endAll(yield* listContainers(instance), 0)
    yield* removeMounts(instance)
  })

/**
 * Removes the containers of all generations, the network and all files of a deployment, its data included. Its images stay:
 * they belong to snapshots.
 */
export const destroy = ({ deploymentId }: Pick<Instance, "deploymentId">): Effect.Effect<void, EndError, Needs> =>
  Effect.gen(function* () {
    const at = yield* folders({ deploymentId, generation: 0 })
    for (const generation of yield* generationsIn(at)) {
      yield* end({ deploymentId, generation }, {}, survivorGrace)
    }
    yield* endAll(yield* listContainers({ deploymentId }), survivorGrace)
    yield* endAll(yield* doorNames({ deploymentId }), 0)
    yield* removeNetwork(deploymentId)
    yield* removeAllFiles({ deploymentId })
  })

// internal

const survivorGrace: Duration.DurationInput = "5 seconds"

const endAll = (ids: ReadonlyArray<string>, grace: Duration.DurationInput) =>
  Effect.flatMap(DockerClient, ({ containers }) =>
    Effect.forEach(
      ids,
      (id) =>
        Effect.gen(function* () {
          if (Duration.toMillis(grace) > 0) yield* repeated(containers.stop(id, { grace }))
          yield* repeated(containers.remove(id, { force: true }))
        }),
      { concurrency: "unbounded", discard: true }
    )
  )
