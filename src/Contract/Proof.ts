/**
 * The proof of a service: it shows that it holds a secret of its deployment before a caller sends a key or believes an
 * answer. A process that took the port of an ended service cannot give it.
 *
 * **Details**
 *
 * The caller sends a nonce and the authority (`host:port`) of its URL. The service answers an HMAC-SHA-256 over both and its
 * deployment id, one for each secret that callers may know: the secret of its deployment, and the digest of each live key. A
 * service signs only authorities of its own, so a process that passes the question on to the service gets no proof.
 */
import * as Schema from "effect/Schema"

/**
 * The question of a caller.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Challenge = Schema.Struct({
  /** Random, at least 128 bits, base64url. */
  nonce: Schema.String.pipe(
    Schema.pattern(/^[A-Za-z0-9_-]{22,128}$/, {
      message: () => ({ message: "must be 22 to 128 characters of base64url", override: true })
    })
  ),
  /** Host and port of the URL that the caller uses. */
  authority: Schema.String.pipe(
    Schema.pattern(/^[\x21-\x7e]{1,300}$/, {
      message: () => ({ message: "must be host:port of the URL of the service", override: true })
    })
  )
})

export type Challenge = typeof Challenge.Type

/**
 * The answer of a service.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Proof = Schema.Struct({
  deploymentId: Schema.String,
  /** HMAC-SHA-256 (hex) of `text`, one for each secret that a caller may know. */
  proofs: Schema.Array(Schema.String)
})

export type Proof = typeof Proof.Type

/**
 * The text that a proof signs.
 *
 * @category encoding
 * @since 0.1.0
 */
export const text = (challenge: Challenge, deploymentId: string): string =>
  `effect-deployers/proof/1\n${challenge.nonce}\n${challenge.authority}\n${deploymentId}`

/**
 * Host and port of a URL, also for the default port of its scheme.
 *
 * @category accessors
 * @since 0.1.0
 */
export const authorityOf = (url: string): string => {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`
}
