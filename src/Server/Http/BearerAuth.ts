/** Bearer keys: only their SHA-256 digests are known here, and they are compared in constant time. */
import { createHash, timingSafeEqual } from "node:crypto"
import type { LiveKey } from "../../Contract/Keys.js"

/**
 * A key that was recognised.
 *
 * @category models
 * @since 0.1.0
 */
export interface Accepted {
  readonly key: LiveKey
  /** The time of its last use that this process has recorded, in milliseconds since the epoch. */
  lastUsedAt: number
}

/**
 * Finds the key in an `Authorization` header among the keys that are live.
 *
 * @category models
 * @since 0.1.0
 */
export type Auth = (authorization: string | undefined) => Accepted | undefined

/**
 * The digest (SHA-256, hex) under which a key is accepted.
 *
 * @category encoding
 * @since 0.1.0
 */
export const digest = (key: string): string => createHash("sha256").update(key, "utf8").digest("hex")

/**
 * Recognises the given keys. All digests are compared every time, so the duration says nothing about which one matched.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (keys: ReadonlyArray<LiveKey>): Auth => {
  const accepted = keys.map((key) => ({
    bytes: Buffer.from(key.digest, "hex"),
    entry: { key, lastUsedAt: Number.NEGATIVE_INFINITY }
  }))
  const seen = lastAccepted()
  return (authorization) => {
    const key = keyOf(authorization)
    if (authorization === undefined || key === undefined) return undefined
    const known = seen.find(authorization)
    if (known !== undefined) return known
    const given = createHash("sha256").update(key, "utf8").digest()
    let found: Accepted | undefined
    for (const { bytes, entry } of accepted) if (timingSafeEqual(given, bytes)) found = entry
    if (found !== undefined) seen.remember(authorization, found)
    return found
  }
}

/**
 * The key in an `Authorization` header.
 *
 * @category decoding
 * @since 0.2.0
 */
export const keyOf = (authorization: string | undefined): string | undefined => {
  if (authorization === undefined) return undefined
  const space = authorization.indexOf(" ")
  if (space === -1 || authorization.slice(0, space).toLowerCase() !== "bearer") return undefined
  const key = authorization.slice(space + 1).trim()
  return key === "" ? undefined : key
}

// internal

/**
 * The header that was accepted last, because hashing the same key again costs more than all other checks. Compared in
 * constant time; headers of another length are left to the digest. Node reads headers as Latin-1, a byte for a character.
 */
const lastAccepted = () => {
  let known = Buffer.alloc(0)
  let given = Buffer.alloc(0)
  let entry: Accepted | undefined
  return {
    find: (header: string): Accepted | undefined => {
      if (header.length !== known.length) return undefined
      given.write(header, "latin1")
      return timingSafeEqual(given, known) ? entry : undefined
    },
    remember: (header: string, accepted: Accepted): void => {
      known = Buffer.from(header, "latin1")
      given = Buffer.alloc(known.length)
      entry = accepted
    }
  }
}
