/**
 * The page of a deployment: running its pipeline, its recent runs, charts of what it does. It is the same for every
 * deployment but for the paths: what it shows it asks its own service for, with the key that is given to it. What browsers
 * get is made of `browser`.
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import * as Routes from "../../Contract/Routes.js"
import type * as Settings from "../../Settings.js"
import * as Document from "./Document.js"
import { deployment } from "./Packed.js"

/** Makes the page. */
export const make = (
  serving: Settings.Serving,
  options: { readonly authEnabled: boolean }
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const routes = Routes.make(serving)
  const paths = Object.fromEntries(routes.map(({ name, path }) => [name, path]))
  const keyed = routes.flatMap(({ isPublic, name }) => (options.authEnabled && !isPublic ? [name] : []))
  return Document.make(deployment, {
    title: "Deployment",
    data: { page: JSON.stringify({ paths, keyed, recording: serving.recording }) },
    withoutScript: `Runs are started with POST ${Routes.paths(serving).invoke}.`
  })
}
