/**
 * Bearer keys: only their SHA-256 digests are known here, and they are compared in constant time.
 *
 * @since 0.1.0
 */
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

const maxCached = 256

/**
 * The header that was accepted last, because hashing the same key again costs more than all other checks. Compared in
 * constant time over a fixed length, so how much of it a wrong header shares shows no more than with a digest.
 */
const lastAccepted = () => {
  const [known, given] = [Buffer.alloc(2 + 2 * maxCached), Buffer.alloc(2 + 2 * maxCached)]
  let isKnown = false
  const write = (target: Buffer, header: string) => {
    target.fill(0).writeUInt16LE(header.length, 0)
    target.write(header, 2, "utf16le")
  }
  return {
    is: (header: string): boolean => {
      if (!isKnown || header.length > maxCached) return false
      write(given, header)
      return timingSafeEqual(given, known)
    },
    remember: (header: string): void => {
      isKnown = header.length <= maxCached
      if (isKnown) write(known, header)
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
