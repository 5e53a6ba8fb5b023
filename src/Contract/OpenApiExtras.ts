/**
 * What the OpenAPI document says of the other views of an invocation, and of repeating it. The typed endpoint has the one that waits: which
 * view a caller gets is decided by headers, which the type of an answer cannot tell.
 *
 * @since 0.1.0
 */
import type * as Settings from "../Settings.js"

type Json = Record<string, unknown>

/**
 * Adds the answers of a caller who does not wait or follows, and the headers that ask for them.
 *
 * @category converting
 * @since 0.1.0
 */
export const describe = (operation: Json, { recording }: Settings.Serving): Json => {
  const responses = objectOf(operation["responses"])
  const success = objectOf(responses["200"])
  const isAsync = recording !== "none"
  return {
    ...operation,
    parameters: [...listOf(operation["parameters"]), ...(isAsync ? [prefer, idempotencyKey] : [])],
    responses: {
      ...responses,
      "200": { ...success, content: { ...objectOf(success["content"]), "text/event-stream": { schema: text } } },
      ...(isAsync ? { "202": accepted } : {})
    }
  }
}

// internal

const text = { type: "string" }

const prefer = {
  name: "prefer",
  in: "header",
  required: false,
  description: "`respond-async`: answer as soon as the run is accepted.",
  schema: text
}

const idempotencyKey = {
  name: "idempotency-key",
  in: "header",
  required: false,
  description: "A key of the caller's choice: repeated with it, the request is answered by the same run.",
  schema: { type: "string", minLength: 1, maxLength: 255 }
}

const accepted = {
  description: "The run is accepted and goes on; only with `Prefer: respond-async`.",
  headers: { Location: { description: "The path of the run.", schema: text } },
  content: {
    "application/json": {
      schema: { type: "object", required: ["runId"], properties: { runId: text }, additionalProperties: false }
    }
  }
}

const objectOf = (value: unknown): Json => (typeof value === "object" && value !== null ? { ...value } : {})

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
