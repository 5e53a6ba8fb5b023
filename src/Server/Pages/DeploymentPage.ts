/**
 * The page of a deployment: a form that runs the pipeline, the recent runs, and charts of the metrics. The document is the
 * same for every deployment except for the paths: the script asks the service for the rest, with the key of the reader.
 */
import * as Effect from "effect/Effect"
import * as AppPaths from "../../Contract/AppPaths.js"
import * as Routes from "../../Contract/Routes.js"
import * as ShareToken from "../../Contract/ShareToken.js"
import type * as Settings from "../../Settings.js"
import * as Document from "./Document.js"
import { deployment } from "./Packed.js"
import * as Script from "./Script.js"

/** Makes the page. */
export const make = (
  serving: Settings.Serving,
  options: {
    readonly authEnabled: boolean
    /** The names of the pipelines of a group; default none. */
    readonly members?: ReadonlyArray<string> | undefined
  }
): Effect.Effect<Script.Page> => {
  const routes = Routes.make(serving)
  const paths = Object.fromEntries(routes.map(({ name, path }) => [name, path]))
  const keyed = routes.flatMap(({ isPublic, name }) => (options.authEnabled && !isPublic ? [name] : []))
  const members = Object.fromEntries(
    (options.members ?? []).map((name) => [name, AppPaths.memberPath(name, serving)] as const)
  )
  // The form has the path of an invocation in its snippets, also where the link does not permit one.
  const shared = [...ShareToken.readable, "invoke", "health"]
  return Document.make(deployment, {
    title: serving.about.title ?? "Deployment",
    data: {
      page: JSON.stringify({ paths, keyed, recording: serving.recording, about: serving.about, members, shared })
    },
    withoutScript: `Runs are started with POST ${Routes.paths(serving).invoke}.`
  }).pipe(Effect.map(Script.page(() => new URL("./deployment.js.br", import.meta.url))))
}
