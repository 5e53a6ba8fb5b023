/** The headers that every response of a service has, in the forms in which its writers take them. */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Schema from "effect/Schema"
import * as Settings from "../../Settings/ResponseHeaders.js"
import type { Serving } from "../../Settings/Serving.js"
import * as Answer from "../Run/Response.js"
import * as Cors from "./Cors.js"
import * as SecureHeaders from "./SecureHeaders.js"

/** The headers of every response of a service. */
export interface Lines {
  readonly headers: ReadonlyArray<SecureHeaders.Line>
  /** Names and values in turn, as Node takes them fastest. */
  readonly flat: ReadonlyArray<string>
  /** The same with those of an answer in JSON. */
  readonly json: ReadonlyArray<string>
}

/** The headers of a service whose settings say nothing of them. */
export const usual: ReadonlyArray<SecureHeaders.Line> = SecureHeaders.make(
  Schema.decodeSync(Settings.SecureHeaders)({})
)

/** The headers of a response. */
export const of = (response: Marked): Lines => response[own] ?? usualLines

/**
 * Makes a function that gives a response the headers of the settings, before anything is written; `undefined` if they are
 * the usual ones.
 */
export const setter = (
  serving: Pick<Serving, "cors" | "secureHeaders">
): ((request: IncomingMessage, response: ServerResponse) => void) | undefined => {
  const headers = SecureHeaders.make(serving.secureHeaders)
  const isUsual = JSON.stringify(headers) === JSON.stringify(usual)
  const cors = serving.cors === undefined ? undefined : Cors.make(serving.cors)
  if (isUsual && cors === undefined) return undefined
  const lines = isUsual ? usualLines : linesFrom(headers)
  return (request, response: Marked) => {
    response[own] = lines
    if (cors !== undefined) Cors.attach(response, cors.headersFor(request))
  }
}

// internal

const linesFrom = (headers: ReadonlyArray<SecureHeaders.Line>): Lines => {
  const flat = headers.flat()
  return { headers, flat, json: flat.concat(Object.entries(Answer.json).flat()) }
}

const usualLines = linesFrom(usual)

/** The lines of a response, where the settings have others than the usual ones. */
const own: unique symbol = Symbol.for("effect-deployers/Server/ResponseHeaders")

interface Marked extends ServerResponse {
  [own]?: Lines
}
