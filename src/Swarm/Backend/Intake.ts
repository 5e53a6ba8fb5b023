/** Changes the intake of a deployment, which its tasks follow. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Intake } from "../../Deployment/Intake.js"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import { repeated } from "../../Docker/Backend/BackendErrors.js"
import { inside } from "../../Docker/Backend/Mounts/ContainerPaths.js"
import { intakeEntry } from "../../Docker/Backend/Mounts/EngineVolumes.js"
import { DockerClient, type Service, ServiceChange } from "../../Docker/DockerClient.js"
import * as LayerTar from "../../Docker/Image/LayerTar.js"
import * as Labels from "../../Docker/Labels.js"
import { DeploymentDeprovisionFailed } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import * as InstanceIntake from "../../Flavor/InstanceIntake.js"
import { change } from "./Change.js"
import { createIntake, removeUnused } from "./Files.js"
import { findService, until } from "./Lookup.js"
import { runsKey } from "./Names.js"

/**
 * Changes the intake. Tasks with a volume see the file in it; for tasks on several nodes the service gets another config, with
 * new tasks before the old ones stop, and no new generation.
 */
export const updateIntake = (instance: Instance, intake: Intake | undefined) =>
  InstanceIntake.update(instance, intake, put(instance, intake))

// internal

const put = (instance: Instance, intake: Intake | undefined) =>
  Effect.gen(function* () {
    const service = yield* findService(instance)
    if (Option.isNone(service)) return
    if (service.value.labels[runsKey] === "shared") yield* reconfigure(instance, intake)
    else yield* writeLocal(instance, intake)
  })

const writeLocal = ({ deploymentId }: Instance, intake: Intake | undefined) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const found = yield* containers.list(Labels.filter({ registryId, deploymentId }))
    const [task] = found.filter(({ labels, status }) => status === "running" && labels[Labels.keys.role] === undefined)
    if (task === undefined) return
    yield* repeated(containers.putArchive(task.id, inside.data, LayerTar.archive([intakeEntry(intake)])))
  })

const mostMillis = 45_000

const reconfigure = (instance: Instance, intake: Intake | undefined) =>
  Effect.gen(function* () {
    const config = yield* createIntake(instance, intake)
    yield* change(findService(instance), ({ configs }) =>
      Effect.succeed(configs.includes(config.id) ? undefined : ServiceChange.Reconfigure({ config }))
    )
    const isOver = (found: Option.Option<Service>): boolean =>
      Option.isNone(found) || (found.value.update !== undefined && found.value.update.state !== "updating")
    const seen = yield* until(findService(instance), isOver, mostMillis)
    if (Option.isSome(seen) && seen.value.update?.state !== "completed") {
      return yield* new DeploymentDeprovisionFailed({
        name: instance.name,
        reason: `the tasks did not all follow (${seen.value.update?.message ?? "the update has not started"}); try again`
      })
    }
    yield* removeUnused(instance)
  })
