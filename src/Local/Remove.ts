/** Ends and removes instances and deployments. */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { OperationalState } from "../Deployment.js"
import type { Instance } from "../Flavor/Instance.js"
import { paths, removeDeployment, removeGeneration } from "../Flavor/InstanceFiles.js"
import type { Home } from "../Store/Home.js"
import { closeAround } from "./Door.js"
import { processesOf } from "./Observe.js"
import type { Processes } from "./Processes.js"
import { Children } from "./ProcessSpawn.js"
import { type StopError, stop } from "./Stop.js"

type Needs = Home | FileSystem.FileSystem | Processes | Children

/** Ends every process of an instance, verifies that none is left, and removes the files of its generation. */
export const end = (
  instance: Pick<Instance, "deploymentId" | "generation">,
  stored: OperationalState["metadata"],
  grace: Duration.DurationInput
): Effect.Effect<void, StopError | PlatformError, Needs> =>
  Effect.gen(function* () {
    const { forget } = yield* Children
    const processes = yield* processesOf(instance, stored)
    yield* Effect.forEach(processes, (process) => Effect.zipRight(stop(process, grace), forget(process)), {
      concurrency: "unbounded",
      discard: true
    })
    yield* removeGeneration(yield* paths(instance))
  })

/** Ends every running generation of a deployment and removes its folder. */
export const destroy = (
  deployment: Pick<Instance, "deploymentId">
): Effect.Effect<void, StopError | PlatformError, Needs> =>
  removeDeployment(deployment, (instance) => end(instance, {}, survivorGrace)).pipe(
    closeAround(deployment.deploymentId)
  )

const survivorGrace: Duration.DurationInput = "5 seconds"
