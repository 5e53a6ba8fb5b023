/**
 * The elements of a run as lines of JSON (NDJSON): a line for each element, then one for the end of the run. A run that
 * fails before its first element gets the answer of any other failure.
 */
import { textOf } from "../../Internal/EncodedJson.js"
import type { Format } from "./EventFormat.js"

export const format: Format = {
  headers: { "content-type": "application/x-ndjson", "x-accel-buffering": "no" },
  preamble: "",
  heartbeat: undefined,
  ofEvent: ({ data, event }, hasBegun) => {
    if (event === "element") return line("element", textOf(data) ?? "null")
    if (event !== "run_finished") return undefined
    return hasBegun || data.status === "succeeded" ? line("finished", JSON.stringify(data)) : undefined
  },
  ofMessage: (name, json) => line(name, json),
  dropped: JSON.stringify({
    message: "The caller reads too slowly; read faster, or ask for server-sent events and continue after the last one."
  })
}

// internal

const line = (name: string, json: string): string => `{"${name}":${json}}\n`
