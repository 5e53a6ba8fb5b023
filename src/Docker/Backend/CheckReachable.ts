/** Whether what is published can be reached from here. */
import * as Effect from "effect/Effect"
import type { DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import { isLoopback } from "../../Internal/Loopback.js"
import { DockerClient, type EngineUnreachable } from "../DockerClient.js"
import type { DockerSettings } from "../Settings.js"
import { failed } from "./Failures.js"

/**
 * Fails if a deployment would be published where only the engine's machine reaches it, and that is not this one. Whether
 * others may reach it is for the user to say.
 */
export const checkReach = ({
  name,
  settings
}: ProvisionRequest<DockerSettings>): Effect.Effect<
  void,
  DeploymentProvisionFailed | EngineUnreachable,
  DockerClient
> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const { remote, url } = yield* host
    if (!remote || !isLoopback(settings.address)) return
    return yield* failed(
      name,
      `the engine at ${url} is another machine, and only that machine reaches its ${settings.address}; set address to one of its addresses that is reached from here, or to 0.0.0.0 for all of them (deploy --address)`
    )
  })
