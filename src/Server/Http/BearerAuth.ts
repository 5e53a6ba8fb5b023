/** Bearer keys: only their SHA-256 digests are known here, and they are compared in constant time. */
import { createHash, timingSafeEqual } from "node:crypto"

/**
 * Decides on an `Authorization` header.
 *
 * @category models
 * @since 0.1.0
 */
export type Auth = (authorization: string | undefined) => boolean

/**
 * The digest (SHA-256, hex) under which a key is accepted.
 *
 * @category encoding
 * @since 0.1.0
 */
export const digest = (key: string): string => createHash("sha256").update(key, "utf8").digest("hex")

/**
 * Accepts the keys with the given digests; without any digest no key is asked for. All digests are compared every
 * time, so the duration says nothing about which one matched.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (digests: ReadonlyArray<string>): Auth => {
  if (digests.length === 0) return () => true
  const accepted = digests.map((hex) => Buffer.from(hex, "hex")).filter((bytes) => bytes.length === 32)
  const seen = lastAccepted()
  return (authorization) => {
    const key = keyOf(authorization)
    if (authorization === undefined || key === undefined) return false
    if (seen.is(authorization)) return true
    const given = createHash("sha256").update(key, "utf8").digest()
    let matches = 0
    for (const bytes of accepted) matches |= timingSafeEqual(given, bytes) ? 1 : 0
    if (matches === 1) seen.remember(authorization)
    return matches === 1
  }
}

// internal

/**
 * The header that was accepted last, because hashing the same key again costs more than all other checks. Compared in
 * constant time; headers of another length are left to the digest. Node reads headers as Latin-1, a byte for a character.
 */
const lastAccepted = () => {
  let known = Buffer.alloc(0)
  let given = Buffer.alloc(0)
  return {
    is: (header: string): boolean => {
      if (header.length !== known.length) return false
      given.write(header, "latin1")
      return timingSafeEqual(given, known)
    },
    remember: (header: string): void => {
      known = Buffer.from(header, "latin1")
      given = Buffer.alloc(known.length)
    }
  }
}

const keyOf = (authorization: string | undefined): string | undefined => {
  if (authorization === undefined) return undefined
  const space = authorization.indexOf(" ")
  if (space === -1 || authorization.slice(0, space).toLowerCase() !== "bearer") return undefined
  const key = authorization.slice(space + 1).trim()
  return key === "" ? undefined : key
}
