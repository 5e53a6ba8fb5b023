/**
 * The interactive documentation page. It reads the OpenAPI document of its own service and writes text nodes only. What
 * browsers get is made of `browser`.
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import * as Document from "./Document.js"
import { docs } from "./Packed.js"

/** Makes the page. */
export const make = (options: {
  readonly title: string
  readonly openApiPath: string
  readonly invokePath: string
  readonly authEnabled: boolean
}): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Document.make(docs, {
    title: options.title,
    data: { openapi: options.openApiPath, invoke: options.invokePath, auth: String(options.authEnabled) },
    withoutScript: `The document it shows is at ${options.openApiPath}.`
  })
