/** The tokens of share links: recognised by their signature alone, so a service stores none of them. */
import { createHmac, timingSafeEqual } from "node:crypto"
import type { LiveKey } from "../../Contract/Keys.js"
import * as ShareToken from "../../Contract/ShareToken.js"

/**
 * The claims of a token that one of the keys has signed, expired or not; `undefined` for any other key. Only keys with every
 * right that no newer key replaces sign tokens. All of them are compared, each in constant time.
 */
export const verify = (
  key: string | undefined,
  keys: ReadonlyArray<LiveKey>,
  deploymentId: string
): ShareToken.Claims | undefined => {
  const parts = key === undefined ? undefined : ShareToken.partsOf(key)
  if (parts === undefined) return undefined
  const given = Buffer.from(parts.signature, "base64url")
  const signed = ShareToken.text(deploymentId, parts.claims)
  let isSigned = false
  for (const { digest, isRetiring, scopes } of keys) {
    if (isRetiring === true || !scopes.includes("admin")) continue
    const expected = createHmac("sha256", Buffer.from(digest, "hex")).update(signed).digest()
    if (timingSafeEqual(expected, given)) isSigned = true
  }
  return isSigned ? ShareToken.decode(parts.claims) : undefined
}
