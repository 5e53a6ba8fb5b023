/** The manifest of an instance, from the request that makes it. */
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { exitCodes, Manifest } from "../Contract/Manifest.js"
import type * as Settings from "../Settings.js"
import type { ProvisionRequest } from "./Instance.js"

/**
 * The parts of a manifest that depend on where an instance runs.
 *
 * @category models
 * @since 0.1.0
 */
export type ManifestPlace = Pick<
  Manifest,
  "listen" | "door" | "runStore" | "endpointFile" | "log" | "keysFile" | "intakeFile"
> & {
  /** The folder of the secrets, if there are any. */
  readonly secrets: string
}

/**
 * The manifest of a requested instance.
 *
 * @category constructors
 * @since 0.1.0
 */
export const manifestFor = (
  request: Omit<ProvisionRequest<Settings.Deployment>, "record" | "previous" | "registryId">,
  { keysFile, secrets, ...place }: ManifestPlace
): Manifest => ({
  formatVersion: 1,
  deployment: { id: request.deploymentId, name: request.name },
  generation: request.generation,
  snapshot: {
    id: request.snapshot.id,
    pipelineName: request.snapshot.pipelineName,
    version: request.snapshot.version,
    digest: request.snapshot.bundle.digest
  },
  serving: request.settings.serving,
  // For the runtime in a bundle of an earlier version, which knows no other keys and no scopes.
  authKeyDigests: (request.keys ?? []).filter(({ scopes }) => scopes.includes("admin")).map(({ digest }) => digest),
  ...keysOf(request, keysFile),
  ...(request.proofSecret === undefined ? {} : { proofSecret: Redacted.value(request.proofSecret) }),
  ...place,
  ...(request.check === undefined ? {} : { check: request.check }),
  ...(Object.keys(request.secrets).length === 0 ? {} : { secretsDirectory: secrets })
})

/**
 * The text of a manifest file.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encodeManifest: (manifest: Manifest) => string = Schema.encodeSync(
  Schema.parseJson(Manifest, { space: 2 })
)

/**
 * The meaning of an exit code that the serving program uses, as a clause; `undefined` for any other.
 *
 * @category formatting
 * @since 0.1.0
 */
export const meaningOfExit = (code: number): string | undefined => meanings[code]

// internal

/** Without a file the keys are in the manifest, and stay the same. */
const keysOf = ({ keys }: Pick<ProvisionRequest<Settings.Deployment>, "keys">, keysFile: string | undefined) => {
  if (keys === undefined) return {}
  return keysFile === undefined ? { keys } : { keysFile }
}

const meanings: Readonly<Record<number, string>> = {
  [exitCodes.drained]: "it received a request to stop",
  [exitCodes.portUnavailable]: "the port it must listen on is taken or not allowed",
  [exitCodes.startFailed]: "it failed to start, see its log",
  [exitCodes.checkFailed]: "the check of the pipeline failed, see its log",
  [exitCodes.badManifest]: "it could not read its manifest; deploy from the file again"
}
