/** The messages of a run's WebSocket: the ids and the data of the events are those of the server-sent events. */
import * as RunSocket from "../../../Contract/RunSocket.js"
import { textOf } from "../../../Internal/EncodedJson.js"
import type { Format } from "../EventFormat.js"

/** The reason for the end of the events, with the code that closes the connection. */
export interface Ending {
  readonly code: number
  readonly reason: string
}

/** The end of a run. */
export const ended: Ending = { code: RunSocket.closeCodes.ended, reason: "The run has ended." }

/** The end of the service. */
export const leaving: Ending = { code: RunSocket.closeCodes.leaving, reason: "The service stops; connect again." }

/** The format of one connection. `onEnding` learns why the events end. */
export const make = (onEnding: (ending: Ending) => void): Format => ({
  headers: { "content-type": "application/json" },
  preamble: "",
  heartbeat: undefined,
  ofEvent: ({ data, event, sequence }) => `{"id":${sequence},"event":"${event}","data":${textOf(data) ?? "null"}}`,
  ofMessage: (name, json) => {
    onEnding(endings[name] ?? ended)
    return `{"event":"${name}","data":${json}}`
  },
  dropped: JSON.stringify({
    message: "The client reads too slowly; connect again with the id of the last event as the query parameter after."
  })
})

// internal

const { slow, unavailable } = RunSocket.closeCodes

const endings: Readonly<Record<string, Ending>> = {
  shutdown: leaving,
  unavailable: { code: unavailable, reason: "The events cannot be read at present; try again." },
  dropped: { code: slow, reason: "The client reads too slowly." }
}
