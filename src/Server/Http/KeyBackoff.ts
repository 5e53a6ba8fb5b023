/**
 * The wrong keys of each address. After ten of them an address waits before another one is answered with more than 429. A
 * live key is never held up: guessing is hopeless against keys of 256 bits, and a lockout would be a weapon.
 */

/** Remembers wrong keys. */
export interface KeyBackoff {
  /** Counts a wrong key, and returns the seconds that the address should wait; 0 for an address with few of them. */
  readonly failed: (address: string, nowMillis: number) => number
}

/** Wrong keys that an address may send before it waits. */
export const freeFailures = 10

const longestWaitSeconds = 60

/** After this time without a wrong key, an address starts anew. */
const memoryMillis = 300_000

/** Addresses that are remembered; the one that failed least recently makes place. */
const maxAddresses = 1_024

interface Entry {
  failures: number
  waitsUntil: number
  lastAt: number
}

/** Makes an empty memory. */
export const make = (): KeyBackoff => {
  const entries = new Map<string, Entry>()
  return {
    failed: (address, now) => {
      const entry = recent(entries.get(address), now)
      entries.delete(address)
      entries.set(address, entry)
      forgetOldest(entries)
      if (now < entry.waitsUntil) return secondsUntil(entry.waitsUntil, now)
      entry.failures++
      entry.lastAt = now
      if (entry.failures <= freeFailures) return 0
      const wait = Math.min(2 ** (entry.failures - freeFailures - 1), longestWaitSeconds)
      entry.waitsUntil = now + wait * 1_000
      return wait
    }
  }
}

// internal

const recent = (entry: Entry | undefined, now: number): Entry =>
  entry === undefined || now - entry.lastAt > memoryMillis ? { failures: 0, waitsUntil: 0, lastAt: now } : entry

const forgetOldest = (entries: Map<string, Entry>): void => {
  if (entries.size <= maxAddresses) return
  const [oldest] = entries.keys()
  if (oldest !== undefined) entries.delete(oldest)
}

const secondsUntil = (until: number, now: number): number => Math.max(1, Math.ceil((until - now) / 1_000))
