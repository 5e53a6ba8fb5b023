/** The page over the deployments of a registry. The document holds no data: its script asks the control API. */
import * as Effect from "effect/Effect"
import * as Document from "../Server/Pages/Document.js"
import * as Script from "../Server/Pages/Script.js"
import { ui } from "./Packed.js"

/** Makes the page. */
export const make: Effect.Effect<Script.Page> = Document.make(ui, {
  title: "Deployments",
  // The modules that this page shares with the one of a deployment read the paths of a service.
  data: { page: JSON.stringify({ paths: {}, keyed: [] }) },
  withoutScript: "`deployers list` shows the deployments."
}).pipe(Effect.map(Script.page(() => new URL("./ui.js.br", import.meta.url))))
