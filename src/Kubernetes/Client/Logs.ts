/** The logs of pods. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { KubernetesClient, LogOptions } from "../KubernetesClient.js"
import type { QueryError } from "./Errors.js"
import { pathOf } from "./Paths.js"
import { type Reference, types } from "./Resources.js"
import type { ApiResponse, Request, Transport } from "./Transport.js"

type Failed = (request: Request, response: ApiResponse) => Effect.Effect<never, QueryError>

/** Reads the log of a container. A container that has not started has no log. */
export const logs =
  (transport: Transport, failed: Failed): (typeof KubernetesClient.Service)["logs"] =>
  (pod, options) =>
    Stream.unwrapScoped(
      Effect.gen(function* () {
        const request = requestOf(pod, options)
        const { body, status } = yield* transport.open(request)
        const text = Stream.decodeText(body)
        if (status === 200) return Stream.map(Stream.splitLines(text), toLine)
        // The API answers 400 for a container that waits, and 404 for a pod that is gone.
        if (status === 400 || status === 404) return Stream.empty
        return yield* Effect.flatMap(Stream.mkString(text), (text) => failed(request, { status, text }))
      })
    )

// internal

const requestOf = (
  pod: Omit<Reference, "type">,
  { container, follow, previous, since, tail }: LogOptions
): Request => ({
  operation: `read the log of the Pod ${pod.name}`,
  resource: `log of the Pod ${pod.name}`,
  method: "GET",
  path: `${pathOf({ ...pod, type: types.pods })}/log`,
  query: {
    container,
    timestamps: true,
    follow: follow === true ? true : undefined,
    previous: previous === true ? true : undefined,
    tailLines: tail,
    sinceTime: since === undefined ? undefined : new Date(since).toISOString()
  }
})

const toLine = (line: string) => {
  const [, stamp = "", text = line] = /^(\S+) (.*)$/s.exec(line) ?? /^(\S+Z)()$/.exec(line) ?? []
  const at = Date.parse(stamp)
  return Number.isNaN(at) ? { at: undefined, text: line } : { at, text }
}
