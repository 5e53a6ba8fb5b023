/** Resolves the folders of the host in the settings: a link can lead anywhere, which the settings alone do not show. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { DeploymentProvisionFailed } from "../../../Errors/Lifecycle.js"
import { Home } from "../../../Store/Home.js"
import { problemOfHome, problemOfSource } from "../../VolumeSettings.js"
import { failed } from "../BackendErrors.js"
import type { Request } from "../ServiceContainer.js"

/**
 * Fails if a folder leads to a place that a container must not have.
 *
 * @param missing the result for a folder that is not on this machine
 */
export const checkHostPaths = (
  { name, settings }: Request,
  missing: (source: string) => Effect.Effect<void, DeploymentProvisionFailed>
): Effect.Effect<void, DeploymentProvisionFailed | PlatformError, Home | FileSystem.FileSystem> =>
  Effect.forEach(
    settings.volumes.filter((volume) => volume._tag === "bind"),
    ({ source }) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        if (!(yield* fs.exists(source))) return yield* missing(source)
        const real = yield* fs.realPath(source)
        const { root } = yield* Home
        const problem = problemOfSource(real) ?? problemOfHome(real, root)
        if (problem !== undefined) yield* failed(name, `the volume ${source} leads to ${real}, and a volume ${problem}`)
      }),
    { discard: true }
  )
