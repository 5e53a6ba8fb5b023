/**
 * Where the folders really are that a deployment may see besides its own files: links can lead anywhere, which cannot be
 * known from the settings alone.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { DeploymentProvisionFailed } from "../../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../../Flavor/Backend.js"
import { Home } from "../../../Store/Home.js"
import type { DockerSettings } from "../../Settings.js"
import { problemOfHome, problemOfSource } from "../../VolumeSettings.js"
import { failed } from "../Failures.js"

/**
 * Fails if a folder leads to what a container must not have.
 *
 * @param missing what it means that one is not on this machine
 */
export const checkSources = (
  { name, settings }: ProvisionRequest<DockerSettings>,
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
