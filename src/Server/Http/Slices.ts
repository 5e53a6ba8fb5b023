/** Large bodies, written in slices, no faster than the caller takes them. */
import type { ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Stream from "effect/Stream"

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
  limit(response)
  next()
}

/**
 * Writes bytes that are read as the caller takes them, and ends the response. A caller that leaves ends the reading, and a reading
 * that fails breaks the connection: the caller must not take a part for the whole.
 */
export const pipe = (response: ServerResponse, bytes: Stream.Stream<Uint8Array, unknown>): void => {
  limit(response)
  const writing = Effect.runFork(
    Effect.matchCause(
      Stream.runForEach(bytes, (slice) => written(response, slice)),
      { onFailure: () => void response.destroy(), onSuccess: () => void response.end() }
    )
  )
  response.once("close", () => writing.unsafeInterruptAsFork(FiberId.none))
}

/** Closes the connection of a caller that takes nothing for a while: Node does at its timeout, without a listener. */
export const limit = (response: ServerResponse): void => void response.setTimeout(patienceMillis)

// internal

const written = (response: ServerResponse, slice: Uint8Array): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (response.destroyed || response.write(slice)) return resume(Effect.void)
    response.once("drain", () => resume(Effect.void))
  })

/** Both halves of a surrogate pair belong to one slice. */
const endOf = (body: string | Uint8Array, at: number): number => {
  const end = Math.min(at + length, body.length)
  return typeof body === "string" && end < body.length && isHighSurrogate(body.charCodeAt(end - 1)) ? end - 1 : end
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
