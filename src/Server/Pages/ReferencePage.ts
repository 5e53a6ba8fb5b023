/** The API reference: Swagger UI over the OpenAPI document of the service. */
import * as Effect from "effect/Effect"
import * as Document from "./Document.js"
import { reference } from "./Packed.js"
import * as Script from "./Script.js"

/** Makes the page. */
export const make = (options: {
  readonly title: string
  readonly openApiPath: string
  /** As in the OpenAPI document, without the prefix of a mount. */
  readonly invokePath: string
  readonly rootPath: string
}): Effect.Effect<Script.Page> =>
  Document.make(reference, {
    title: options.title,
    data: { openapi: options.openApiPath, invoke: options.invokePath, root: options.rootPath },
    withoutScript: `The document it shows is at ${options.openApiPath}.`,
    // The icons of Swagger UI are in its style sheet, as `data:` addresses.
    policy: ["img-src data:"]
  }).pipe(Effect.map(Script.page(() => new URL("./reference.js.br", import.meta.url))))
