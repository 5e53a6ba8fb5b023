/** Asking an app in memory: a web request in, status, headers and text out. */
import { type HttpApp, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect, Option, Schema } from "effect"
import type { Json } from "./Harness.js"

const decodeJson = Schema.decodeOption(Schema.parseJson())

/** One request, in the fiber of the caller: interrupting it is the departure of the caller. */
export const ask = <E>(app: HttpApp.Default<E>, path: string, init: RequestInit & { readonly json?: unknown } = {}) =>
  Effect.gen(function* () {
    const { json, ...rest } = init
    const posted = {
      method: "POST",
      body: JSON.stringify(json),
      headers: { "content-type": "application/json", ...rest.headers }
    }
    const request = new Request(`http://localhost${path}`, { ...rest, ...(json === undefined ? {} : posted) })
    const response = yield* Effect.provideService(
      app,
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(request)
    )
    const web = HttpServerResponse.toWeb(response, { runtime: yield* Effect.runtime<never>() })
    const text = yield* Effect.promise(() => web.text())
    return { status: web.status, headers: web.headers, text, json: Option.getOrUndefined(decodeJson(text)) as Json }
  }).pipe(Effect.scoped)
