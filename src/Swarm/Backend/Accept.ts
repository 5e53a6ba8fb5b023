/** Marks the generation that the registry has accepted: from then on a later one that fails is rolled back to it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ServiceChange } from "../../Docker/DockerClient.js"
import type { Instance } from "../../Flavor/Instance.js"
import { change } from "./Change.js"
import { closeDoors } from "./Door.js"
import { findDoors, findService } from "./Lookup.js"
import { acceptedKey, acceptedOf, generationOf, portOf } from "./Names.js"

/** Accepts a generation. The doors follow the tasks, so there is nothing else to switch. */
export const accept = (instance: Instance) =>
  change(findService(instance), (service) =>
    Effect.succeed(
      generationOf(service) !== instance.generation || acceptedOf(service) === instance.generation
        ? undefined
        : ServiceChange.Label({ labels: { [acceptedKey]: String(instance.generation) } })
    )
  )

/** Closes the doors of a deployment, except the one that its service names. */
export const close = (deployment: Pick<Instance, "deploymentId">, keep?: number) =>
  Effect.gen(function* () {
    if (keep === undefined) return yield* closeDoors(deployment)
    const service = yield* findService(deployment)
    if (Option.isNone(service)) return
    const port = publishedPort(service.value.raw)
    const open = (yield* findDoors(deployment)).flatMap((door) => portOf(door) ?? [])
    if (port !== undefined && open.includes(port)) yield* closeDoors(deployment, port)
  })

// internal

/** The port that the service of the last generation was given. */
const publishedPort = (raw: unknown): number | undefined => {
  const found = /"EFFECT_DEPLOYERS_PUBLISHED_PORT=(\d+)"/.exec(JSON.stringify(raw))?.[1]
  return found === undefined ? undefined : Number(found)
}
