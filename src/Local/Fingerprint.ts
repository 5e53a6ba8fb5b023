/**
 * Whether a process that was started earlier was started with the same things.
 *
 * @since 0.1.0
 */
import * as Crypto from "node:crypto"
import * as Redacted from "effect/Redacted"
import type { ProvisionRequest } from "../Deployer/Backend.js"
import type { LocalSettings } from "./Settings.js"

/**
 * SHA-256 (hex) of everything a request determines about its process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fingerprint = (request: ProvisionRequest<LocalSettings>): string =>
  Crypto.createHash("sha256")
    .update(
      JSON.stringify(
        sortKeys({
          deployment: request.deploymentId,
          generation: request.generation,
          bundle: request.snapshot.bundle.digest,
          snapshot: request.snapshot.id,
          settings: request.settings,
          authKeyDigests: request.authKeyDigests,
          secrets: Object.entries(request.secrets)
            .map(([name, secret]) => [name, Redacted.value(secret)])
            .sort()
        })
      )
    )
    .digest("hex")

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sortKeys(member)])
  )
}
