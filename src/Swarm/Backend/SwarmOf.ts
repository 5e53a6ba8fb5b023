/** The swarm that has a generation, from the registry or the files of the home. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { OperationalState } from "../../Deployment.js"
import { recordOf } from "../../Docker/Backend/Mounts/Files.js"
import { DockerClient } from "../../Docker/DockerClient.js"
import { EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import { flavor } from "../EngineErrors.js"
import * as Metadata from "../Metadata.js"
import { currentSwarm } from "./Lookup.js"

/** Fails if the generation is in another swarm than the one in use, which knows nothing about it. */
export const requireSwarmOf = (
  instance: Pick<Instance, "deploymentId" | "generation">,
  stored: OperationalState["metadata"],
  operation: string
) =>
  Effect.gen(function* () {
    const { clusterId } = yield* currentSwarm
    const known = Option.map(Metadata.decodeOf(instance, stored), ({ engineId }) => engineId)
    const expected = Option.isSome(known) ? known : Option.map(yield* recordOf(instance), ({ engineId }) => engineId)
    if (Option.isNone(expected) || expected.value === clusterId) return
    const { host } = yield* DockerClient
    const { url } = yield* host
    return yield* new EngineUnavailable({
      flavor,
      operation,
      reason: `the swarm at ${url} (${clusterId}) is not the one that has its service (${expected.value}); set DOCKER_HOST or the Docker context to a manager of that one`
    })
  })
