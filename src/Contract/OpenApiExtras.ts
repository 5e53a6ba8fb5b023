/**
 * The response modes of an invocation that the typed endpoint cannot describe, for the OpenAPI document: headers select the
 * mode, and the type of an answer does not depend on headers.
 */
import type * as Settings from "../Settings.js"

type Json = Record<string, unknown>

/** Adds the answers to callers that do not wait or that follow, and the headers that select them. */
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
