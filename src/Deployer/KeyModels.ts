/** The keys of a deployment, as operations take and return them. */
import type * as DateTime from "effect/DateTime"
import type * as Redacted from "effect/Redacted"
import type { KeyScope } from "../Contract/Keys.js"

/**
 * The rights of a new key.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyOptions {
  /** Default all: `invoke`, `read` and `admin`. */
  readonly scopes?: ReadonlyArray<KeyScope> | undefined
  /** From this time on the key is refused; default never. */
  readonly expiresAt?: DateTime.Utc | undefined
}

/**
 * A live key of a deployment, without the key itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyInfo {
  readonly id: string
  readonly scopes: ReadonlyArray<KeyScope>
  /** The source of the key: the deployer, its owner, or a stored secret. */
  readonly origin: "generated" | "given" | "secret"
  /** True for the key that the owner's own client sends. */
  readonly isOwn: boolean
  /** True if a newer key takes its place, and the next rotation removes it. */
  readonly isRetiring: boolean
  readonly createdAt: DateTime.Utc
  readonly expiresAt?: DateTime.Utc
  /** About ten seconds exact; absent if the key was not used, or if that is not known. */
  readonly lastUsedAt?: DateTime.Utc
}

/**
 * A new key of a deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface NewKey extends KeyInfo {
  readonly key: Redacted.Redacted
}
