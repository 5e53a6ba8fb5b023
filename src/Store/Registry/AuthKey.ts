/** Auth keys at rest: only a digest of a key is needed to recognise it. */
import * as Crypto from "node:crypto"
import * as Redacted from "effect/Redacted"
import type { DeploymentRecord, StoredKey } from "../DeploymentStore.js"

/**
 * SHA-256 (hex) of a key, safe to store and to hand to a served process. Keys are random and long, so one round is
 * enough.
 *
 * @category converting
 * @since 0.1.0
 */
export const digestKey = (key: Redacted.Redacted): string =>
  Crypto.createHash("sha256").update(Redacted.value(key), "utf8").digest("hex")

/**
 * The place a deployment's key is sealed for.
 *
 * @category accessors
 * @since 0.1.0
 */
export const placeOf = (deploymentId: string): string => `deployments/${deploymentId}/authKey`

/**
 * The place of the secret with which a deployment proves itself to callers that find it in the registry.
 *
 * @category accessors
 * @since 0.1.0
 */
export const proofPlaceOf = (deploymentId: string): string => `deployments/${deploymentId}/proof`

/**
 * True for a key that the owner's own client may use: live, and with every scope.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOwners = ({ expiresAt, scopes }: StoredKey, nowMillis: number): boolean =>
  scopes.includes("admin") && (expiresAt === undefined || nowMillis < expiresAt)

/**
 * The key that the owner's own client sends: that of the deployment, or after its end the newest other one with every scope.
 *
 * @category accessors
 * @since 0.1.0
 */
export const ownersKey = (
  { authKey, authKeys }: Pick<DeploymentRecord, "authKey" | "authKeys">,
  nowMillis: number
): DeploymentRecord["authKey"] => {
  if (authKey === undefined) return undefined
  const own = authKeys.find(({ digest }) => digest === authKey.digest)
  if (own === undefined || isOwners(own, nowMillis)) return authKey
  return authKeys.filter((key) => isOwners(key, nowMillis)).at(-1) ?? authKey
}
