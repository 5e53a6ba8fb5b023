/** The formats of a response to a caller that receives parts of a run while it is in progress. */
import type { FollowingMode } from "../Run/InvokeRequest.js"
import * as ElementLines from "./ElementLines.js"
import type { Format } from "./EventFormat.js"
import * as ServerSentEvents from "./ServerSentEvents.js"

export type { Format } from "./EventFormat.js"

export const formats: Readonly<Record<FollowingMode, Format>> = {
  stream: ServerSentEvents.format,
  lines: ElementLines.format
}
