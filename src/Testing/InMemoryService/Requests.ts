/** Requests to in-memory instances: the HTTP client of a deployment program, and `fetch` for pipelines. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type { ConnectionBroken } from "./Exchange.js"

/** Finds the handler of an address, which responds or breaks the connection; `undefined` refuses the connection. */
export type Lookup = (
  url: URL
) => Effect.Effect<((request: Request) => Effect.Effect<Response, ConnectionBroken>) | undefined>

/** A client whose requests run in the fiber that makes them. */
export const httpClient = (lookup: Lookup): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) =>
    Effect.gen(function* () {
      const handle = yield* lookup(url)
      if (handle === undefined) return yield* failed(request, "ECONNREFUSED")
      const sent = new Request(url, { ...(yield* initOf(request)), signal })
      const response = yield* Effect.catchTag(handle(withHost(sent, url)), "ConnectionBroken", () =>
        failed(request, "ECONNRESET")
      )
      return HttpClientResponse.fromWeb(request, response)
    })
  )

/** `fetch` for code in a pipeline: instances are called in this process, and every other address over the network. */
export const fetchFrom =
  (lookup: Lookup, runtime: Runtime.Runtime<never>): typeof globalThis.fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    const run = Runtime.runPromiseExit(runtime)
    const found = await run(lookup(url))
    const handle = Exit.isSuccess(found) ? found.value : undefined
    if (handle === undefined) return globalThis.fetch(request)
    const exit = await run(handle(withHost(request, url)), { signal: request.signal })
    if (Exit.isSuccess(exit)) return exit.value
    throw new TypeError("fetch failed", { cause: connectionError("ECONNRESET") })
  }

// internal

const failed = (request: HttpClientRequest.HttpClientRequest, code: string) =>
  new HttpClientError.RequestError({
    request,
    reason: "Transport",
    description: code === "ECONNREFUSED" ? "no process listens" : "the connection broke off",
    cause: connectionError(code)
  })

const connectionError = (code: string): Error => Object.assign(new Error(code), { code })

const withHost = (request: Request, url: URL): Request => {
  request.headers.set("host", url.host)
  return request
}

const initOf = ({ body, headers, method }: HttpClientRequest.HttpClientRequest): Effect.Effect<RequestInit> => {
  const init: RequestInit = { method, headers }
  switch (body._tag) {
    case "Empty":
      return Effect.succeed(init)
    case "Raw":
      return Effect.succeed({ ...init, body: String(body.body) })
    case "Uint8Array":
      return Effect.succeed({ ...init, body: body.body })
    case "FormData":
      return Effect.succeed({ ...init, body: body.formData })
    case "Stream":
      return Effect.map(Stream.toReadableStreamEffect(body.stream), (stream) => ({
        ...init,
        body: stream,
        duplex: "half" as const
      }))
  }
}
