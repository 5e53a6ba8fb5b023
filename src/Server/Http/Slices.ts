/** Large bodies, written in slices, no faster than the caller takes them. */
import type { ServerResponse } from "node:http"

/** The length of a slice: characters of a text, or bytes. */
export const length = 65_536

/** The time in which a caller has to take a part of the body, before its connection is closed. */
const patienceMillis = 60_000

/**
 * Writes a body whose headers are sent, and ends the response. A slice becomes bytes when the caller has taken the ones
 * before it: the bytes of a whole body in front of each slow caller would be a copy of it in memory.
 */
export const write = (response: ServerResponse, body: string | Uint8Array): void => {
  let at = 0
  const next = (): void => {
    while (at < body.length && !response.destroyed) {
      const end = endOf(body, at)
      const slice = typeof body === "string" ? body.slice(at, end) : body.subarray(at, end)
      at = end
      if (!response.write(slice) && at < body.length) return void response.once("drain", next)
    }
    if (!response.destroyed) response.end()
  }
  // Without a listener, Node closes the connection at the timeout.
  response.setTimeout(patienceMillis)
  next()
}

// internal

/** Both halves of a surrogate pair belong to one slice. */
const endOf = (body: string | Uint8Array, at: number): number => {
  const end = Math.min(at + length, body.length)
  return typeof body === "string" && end < body.length && isHighSurrogate(body.charCodeAt(end - 1)) ? end - 1 : end
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
