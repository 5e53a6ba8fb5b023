import { createHmac } from "node:crypto"
import * as ShareToken from "../../src/Contract/ShareToken.js"
import { digest } from "../../src/Server/Http/BearerAuth.js"

/** The token of a share link that the owner of a key has signed for a deployment. */
export const tokenOf = (key: string, deploymentId: string, more: Partial<ShareToken.Claims> = {}): string => {
  const claims = ShareToken.encode({ nonce: "n".repeat(22), expiresAt: 4_000_000_000_000, invoke: false, ...more })
  const signature = createHmac("sha256", Buffer.from(digest(key), "hex"))
    .update(ShareToken.text(deploymentId, claims))
    .digest("base64url")
  return ShareToken.join({ claims, signature })
}
