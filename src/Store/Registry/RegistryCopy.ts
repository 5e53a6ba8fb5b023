/** The contract of copying a registry to PostgreSQL. The implementation is apart, because it loads the database. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { StoreError } from "../../Errors/Stores.js"

/**
 * The rows that were copied, by table.
 *
 * @category models
 * @since 0.1.0
 */
export type Copied = Readonly<Record<string, number>>

/**
 * Copies the registry of a home, and makes the home use the copy.
 *
 * @category services
 * @since 0.1.0
 */
export class RegistryCopy extends Context.Tag("effect-deployers/Store/RegistryCopy")<
  RegistryCopy,
  {
    /**
     * Copies all rows of the SQLite file of the home in one transaction. The file stays as it is. Fails if the database has rows, or
     * while an operation is in progress.
     */
    readonly copyTo: (url: Redacted.Redacted<string>) => Effect.Effect<Copied, StoreError>
    /** Makes the home use a registry: writes the file with its URL, and returns its path. */
    readonly use: (url: Redacted.Redacted<string>) => Effect.Effect<string, StoreError>
  }
>() {}
