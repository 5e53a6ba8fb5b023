/** Auth keys at rest: only a digest of a key is needed to recognise it. */
import * as Crypto from "node:crypto"
import * as Redacted from "effect/Redacted"

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
