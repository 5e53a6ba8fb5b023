/**
 * Seals secrets with AES-256-GCM so that they can rest in a database. A sealed value opens only in the place it was
 * sealed for: the place is authenticated with it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { SecretKeyError } from "../Errors/Stores.js"

/**
 * A sealed secret as text (version, nonce, ciphertext and tag).
 *
 * @category models
 * @since 0.1.0
 */
export type Sealed = string

/**
 * @category services
 * @since 0.1.0
 */
export class SecretBox extends Context.Tag("effect-deployers/Store/SecretBox")<
  SecretBox,
  {
    /** Seals a secret for a place, such as `secrets/API_TOKEN/value`. */
    readonly seal: (place: string, secret: Redacted.Redacted) => Effect.Effect<Sealed, SecretKeyError>
    /** Opens what was sealed for the same place. */
    readonly open: (place: string, sealed: Sealed) => Effect.Effect<Redacted.Redacted, SecretKeyError>
  }
>() {}
