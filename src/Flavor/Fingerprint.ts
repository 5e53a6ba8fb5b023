/** Digests of requests, to recognise an instance that was started with the same request. */
import * as Crypto from "node:crypto"
import * as Redacted from "effect/Redacted"
import { canonicalJson } from "../Internal/CanonicalJson.js"
import type * as Settings from "../Settings.js"
import type { ProvisionRequest } from "./Instance.js"

/**
 * SHA-256 (hex) of everything a request determines about its instance, secrets included: only for files that are as
 * protected as the secrets.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fingerprint = (request: ProvisionRequest<Settings.Deployment>): string =>
  digest({
    ...described(request),
    secrets: Object.entries(request.secrets)
      .map(([name, secret]) => [name, Redacted.value(secret)])
      .sort()
  })

/**
 * The same without the secrets, for places that everyone can read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const publicFingerprint = (request: ProvisionRequest<Settings.Deployment>): string => digest(described(request))

// internal

const described = (request: ProvisionRequest<Settings.Deployment>) => ({
  deployment: request.deploymentId,
  generation: request.generation,
  bundle: request.snapshot.bundle.digest,
  snapshot: request.snapshot.id,
  settings: request.settings,
  // Keys change while an instance runs; only whether it asks for one belongs to it.
  asksForKey: request.keys !== undefined
})

const digest = (value: unknown): string => Crypto.createHash("sha256").update(canonicalJson(value)).digest("hex")
