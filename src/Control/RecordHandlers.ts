/** The endpoints of events and runs. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { Api } from "./Api.js"
import { Records } from "./Records.js"

export const layer = HttpApiBuilder.group(Api, "records", (handlers) =>
  Effect.map(Records, (records) =>
    handlers
      .handle("events", ({ path, urlParams }) => records.events(path.ref, urlParams))
      .handle("runs", ({ path, urlParams }) => records.runs(path.ref, urlParams))
      .handle("run", ({ path }) => records.run(path.ref, path.id))
      .handle("runLogs", ({ path, urlParams }) => records.runLogs(path.ref, path.id, urlParams))
  )
)
