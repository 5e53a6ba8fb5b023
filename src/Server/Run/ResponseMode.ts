/**
 * How the caller of an invocation wants to see its run: wait for the outputs, be told that it was accepted, or follow it.
 */
import type * as Settings from "../../Settings.js"
import * as Response from "./Response.js"
import type { InvokeOptions } from "./RunContext.js"

export type ResponseMode = "wait" | "async" | "stream"

/**
 * The view that headers ask for: `Accept: text/event-stream` or `Prefer: respond-async` (RFC 7240). Following says more, so
 * it is taken where both are asked for. Without recording nobody could ask for a run later, so that preference is ignored.
 */
export const of = ({ accept, prefer }: PreferenceHeaders, { recording }: Settings.Serving): ResponseMode => {
  if (accept?.includes("event-stream") === true && elements(accept).some(isEventStream)) return "stream"
  if (prefer === undefined || recording === "none") return "wait"
  return elements(String(prefer)).some(isRespondAsync) ? "async" : "wait"
}

/** The headers that choose a mode. */
export interface PreferenceHeaders {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
  readonly accept?: string | undefined
  readonly prefer?: string | ReadonlyArray<string> | undefined
}

/** How runs are asked for whose answer is one JSON value. */
export const manners: { readonly [V in Exclude<ResponseMode, "stream">]: InvokeOptions } = {
  wait: { isDetached: false, onAccepted: undefined },
  async: { isDetached: true, onAccepted: undefined }
}

/** The answer to who does not wait. */
export const accepted = (
  runId: string,
  path: string,
  headers: Readonly<Record<string, string>> = {}
): Response.Response =>
  Response.ofJson(202, JSON.stringify({ runId }), {
    location: path,
    "preference-applied": "respond-async",
    ...headers
  })

// internal

const elements = (header: string): ReadonlyArray<string> => header.split(",")

const isEventStream = (element: string): boolean => {
  const [type = "", ...parameters] = element.split(";")
  return (
    type.trim().toLowerCase() === "text/event-stream" && !parameters.some((it) => /^\s*q\s*=\s*0(\.0*)?\s*$/i.test(it))
  )
}

const isRespondAsync = (element: string): boolean => {
  const [name = ""] = element.split(/[;=]/)
  return name.trim().toLowerCase() === "respond-async"
}
