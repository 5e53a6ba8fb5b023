/**
 * The keys that a service accepts: digests, scopes and times. A service reads them from a file and reads it again when it has
 * changed, so keys come and go without a restart.
 */
import * as Schema from "effect/Schema"

/**
 * The rights of a key. `invoke`: start runs, and cancel them. `read`: runs, their events, and what the settings protect.
 * `admin`: everything, changes of the service included.
 *
 * @category schemas
 * @since 0.1.0
 */
export const KeyScope = Schema.Literal("invoke", "read", "admin")

export type KeyScope = typeof KeyScope.Type

/**
 * A key that a service accepts, without the key itself.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LiveKey = Schema.Struct({
  /** The name of the key in commands, logs and lists. */
  id: Schema.String,
  /** SHA-256 (hex) of the key. */
  digest: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/)),
  scopes: Schema.Array(KeyScope),
  /** From this time on the key is refused, in milliseconds since the epoch; default never. */
  expiresAt: Schema.optional(Schema.Number),
  /** True if a newer key takes its place: it is accepted, and no longer signs share links. */
  isRetiring: Schema.optional(Schema.Boolean)
})

export type LiveKey = typeof LiveKey.Type

/**
 * The key of a request that was accepted.
 *
 * @category models
 * @since 0.2.0
 */
export type CallerKey = Pick<LiveKey, "id" | "scopes">

/**
 * The file with the keys of a service.
 *
 * @category schemas
 * @since 0.1.0
 */
export const KeysFile = Schema.Struct({ formatVersion: Schema.Literal(1), keys: Schema.Array(LiveKey) })

export type KeysFile = typeof KeysFile.Type

/**
 * The text of a file of keys.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encodeKeysFile = (keys: ReadonlyArray<LiveKey>): string =>
  Schema.encodeSync(Schema.parseJson(KeysFile))({ formatVersion: 1, keys })

/**
 * True if the scopes of a key permit a request that needs `scope`.
 *
 * @category guards
 * @since 0.1.0
 */
export const permits = (scopes: ReadonlyArray<KeyScope>, scope: KeyScope): boolean =>
  scopes.includes(scope) || scopes.includes("admin")

/**
 * The time in milliseconds for which a service may use keys after it has read their file.
 *
 * @category constants
 * @since 0.1.0
 */
export const keysMaxAgeMillis = 100

/**
 * The file with the last uses of keys, in the folder of the run store, where it outlives instances.
 *
 * @category constants
 * @since 0.1.0
 */
export const keyUsesFile = "key-uses.json"

/**
 * The last use of each key by its id, in milliseconds since the epoch.
 *
 * @category schemas
 * @since 0.1.0
 */
export const KeyUses = Schema.Record({ key: Schema.String, value: Schema.Number })
