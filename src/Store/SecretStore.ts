/** Secrets of the owner in the registry, sealed. */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { SecretKeyError, StoreError } from "../Errors/Stores.js"

/**
 * Secrets by name, for services that are deployed with them.
 *
 * @category services
 * @since 0.1.0
 */
export class SecretStore extends Context.Tag("effect-deployers/Store/SecretStore")<
  SecretStore,
  {
    /** Sets or replaces a secret. */
    readonly set: (name: string, value: Redacted.Redacted) => Effect.Effect<void, SecretKeyError | StoreError>
    /** The value of a secret; none if there is no such secret. */
    readonly get: (name: string) => Effect.Effect<Option.Option<Redacted.Redacted>, SecretKeyError | StoreError>
    /** Names and times, sorted by name; never values. */
    readonly list: Effect.Effect<
      ReadonlyArray<{ readonly name: string; readonly createdAt: DateTime.Utc; readonly updatedAt: DateTime.Utc }>,
      StoreError
    >
    /** Removes a secret; `false` if there was none. */
    readonly remove: (name: string) => Effect.Effect<boolean, StoreError>
  }
>() {}
