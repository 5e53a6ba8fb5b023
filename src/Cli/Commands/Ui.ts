/** `deployers ui`: a page over all deployments, for a browser of this machine. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Browser } from "../Browser.js"
import { count, flag, json, note } from "../Common.js"
import * as Render from "../Output/Render.js"
import { Output } from "../Output.js"
import * as UiRecords from "./UiRecords.js"

export const ui = Command.make(
  "ui",
  {
    port: count("port", 1, 65_535, "The port to listen on; default a free one."),
    open: flag("open", "Open the page in the browser of this machine."),
    json
  },
  Effect.fnUntraced(function* ({ json, open, port }) {
    const { hasColor, result } = yield* Output
    const Ui = yield* Effect.promise(() => import("../../Ui/index.js"))
    const { firstUrl } = yield* Effect.provide(Ui.serve({ port: Option.getOrUndefined(port) }), yield* UiRecords.layer)
    const url = Redacted.value(firstUrl)
    yield* result(json ? Render.jsonLine({ url }) : Render.paint(hasColor, "bold", url))
    if (!json) yield* note("The address opens the page in one browser, once. Ctrl-C ends the page; deployments go on.")
    if (open) yield* openPage(url)
    return yield* Effect.never
  }, Effect.scoped)
).pipe(Command.withDescription("Show all deployments on a page of this machine, with their runs, logs and actions."))

// internal

const openPage = (url: string) =>
  Effect.gen(function* () {
    const browser = yield* Browser
    yield* Effect.catchAll(browser.open(url), () => note("No browser opens here. Open the address by hand."))
  })
