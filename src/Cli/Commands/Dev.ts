/** `deployers dev`: serves a pipeline in the foreground and reloads it with each save. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { parseSource } from "../../Bundle.js"
import type { Event } from "../../Dev/Event.js"
import { count, pipelineFile } from "../Common.js"
import * as Render from "../Output/Render.js"
import { Output } from "../Output.js"

export const dev = Command.make(
  "dev",
  {
    file: pipelineFile,
    port: count("port", 1, 65_535, "The port to listen on; default 3000, or a free one if that is taken.")
  },
  Effect.fnUntraced(function* ({ file, port }) {
    const output = yield* Output
    const Dev = yield* Effect.promise(() => import("../../Dev/index.js"))
    yield* Dev.serve({
      source: parseSource(file),
      port: Option.getOrUndefined(port),
      report: (event) => output.result(line(output.hasColor, event))
    }).pipe(Logger.withMinimumLogLevel(LogLevel.Info))
  })
).pipe(Command.withDescription("Serve a pipeline in the foreground, without a key, and reload it with each save."))

/** An event for people. */
export const line = (hasColor: boolean, event: Event): string => {
  switch (event._tag) {
    case "Listening":
      return `Serving at ${Render.paint(hasColor, "bold", event.url)} without a key; Ctrl-C ends it.`
    case "Loaded":
      return `${Render.paint(hasColor, "green", "loaded")} ${event.modules} of ${event.all} modules in ${Render.duration(event.millis)}`
    case "Failed":
      return `${Render.paint(hasColor, "red", "failed")} ${Render.cleanLines(event.message)}`
    case "Responded": {
      const style = event.status < 400 ? "green" : "red"
      const status = Render.paint(hasColor, style, String(event.status))
      return `${event.method} ${Render.clean(event.path)} ${status} ${Render.duration(event.millis)}`
    }
  }
}
