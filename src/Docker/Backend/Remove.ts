/** Ends and removes instances and deployments. Only what carries our labels is touched. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { OperationalState } from "../../Deployment.js"
import type { Instance } from "../../Flavor/Backend.js"
import { folders, generationsIn } from "../../Flavor/InstanceFiles.js"
import type { Home } from "../../Store/Home.js"
import { DockerClient, type NetworkInUse } from "../DockerClient.js"
import type { BackendContext } from "./BackendContext.js"
import type { EndingError } from "./Failures.js"
import { repeated } from "./Failures.js"
import { listContainers, requireEngineOf } from "./Lookup.js"
import { removeAllFiles, removeFiles, takeFiles } from "./Mounts/Select.js"
import { removeNetwork } from "./Networks.js"

type Needs = Home | FileSystem | DockerClient | BackendContext

/**
 * Stops and removes the container of an instance, the files of its generation, and the network of the deployment if it
 * was the last. What does not exist is removed.
 */
export const end = (
  instance: Pick<Instance, "deploymentId" | "generation">,
  stored: OperationalState["metadata"],
  grace: Duration.DurationInput
): Effect.Effect<void, EndingError, Needs> =>
  Effect.gen(function* () {
    const found = yield* listContainers(instance, stored)
    if (found.length === 0) yield* requireEngineOf(instance, stored, "remove a container")
    yield* endAll(found, grace)
    yield* removeNetwork(instance.deploymentId)
    yield* removeFiles(instance)
  })

/**
 * Removes the containers of an instance that nothing was written down about, and files they were given. The network of the
 * deployment stays.
 */
export const discard = (
  instance: Pick<Instance, "deploymentId" | "generation">
): Effect.Effect<void, Exclude<EndingError, NetworkInUse>, Needs> =>
  Effect.gen(function* () {
    yield* endAll(yield* listContainers(instance), 0)
    yield* takeFiles(instance)
  })

/**
 * Removes everything of a deployment but its images, which belong to snapshots: containers of any generation, the
 * network, and the files with the data.
 */
export const destroy = ({ deploymentId }: Pick<Instance, "deploymentId">): Effect.Effect<void, EndingError, Needs> =>
  Effect.gen(function* () {
    const at = yield* folders({ deploymentId, generation: 0 })
    for (const generation of yield* generationsIn(at)) {
      yield* end({ deploymentId, generation }, {}, survivorGrace)
    }
    yield* endAll(yield* listContainers({ deploymentId }), survivorGrace)
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
