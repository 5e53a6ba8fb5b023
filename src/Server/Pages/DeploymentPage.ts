/**
 * The page of a deployment: a form that runs the pipeline, the recent runs, and charts of the metrics. The document is the
 * same for every deployment except for the paths: the script asks the service for the rest, with the key of the reader.
 */
import * as Effect from "effect/Effect"
import * as Routes from "../../Contract/Routes.js"
import type * as Settings from "../../Settings.js"
import * as Document from "./Document.js"
import { deployment } from "./Packed.js"
import * as Script from "./Script.js"

/** Makes the page. */
export const make = (
  serving: Settings.Serving,
  options: { readonly authEnabled: boolean }
): Effect.Effect<Script.Page> => {
  const routes = Routes.make(serving)
  const paths = Object.fromEntries(routes.map(({ name, path }) => [name, path]))
  const keyed = routes.flatMap(({ isPublic, name }) => (options.authEnabled && !isPublic ? [name] : []))
  return Document.make(deployment, {
    title: serving.about.title ?? "Deployment",
    data: { page: JSON.stringify({ paths, keyed, recording: serving.recording, about: serving.about }) },
    withoutScript: `Runs are started with POST ${Routes.paths(serving).invoke}.`
  }).pipe(Effect.map(Script.page(() => new URL("./deployment.js.br", import.meta.url))))
}
