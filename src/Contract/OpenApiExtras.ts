/**
 * The response modes of an invocation that the typed endpoint cannot describe, for the OpenAPI document: headers select the
 * mode, and the type of an answer does not depend on headers.
 *
 * Clients that are generated from the document get one type for all successes of an operation. With the events and the
 * acceptance beside the outputs, callers that ask for neither would have to separate them. So the document describes both
 * in words and in an extension.
 */
import type { FileField } from "../Input.js"
import type { Binary } from "../Output.js"
import type * as Settings from "../Settings.js"
import { requestField } from "./Form.js"
import * as RunSocket from "./RunSocket.js"

type Json = Record<string, unknown>

/** The parts of an invocation that its schemas do not show. */
export interface Extras {
  /** True for a pipeline that streams its outputs. */
  readonly streams: boolean
  readonly files: ReadonlyArray<FileField>
  /** Outputs that are bytes. */
  readonly binary: Binary | undefined
}

/** Adds the answers to callers that do not wait or that follow, and the headers that select them. */
export const describe = (
  operation: Json,
  { recording }: Settings.Serving,
  { binary, files, streams }: Extras
): Json => {
  const isAsync = recording !== "none"
  return {
    ...operation,
    ...(files.length === 0 ? {} : { requestBody: withForm(operation["requestBody"], files) }),
    ...(binary === undefined ? {} : { responses: withBytes(operation["responses"], binary) }),
    ...(streams ? { "x-stream": streamOf(elementOf(operation)) } : {}),
    description: [
      modes,
      ...(files.length === 0 ? [] : [form]),
      ...(streams ? [elements] : []),
      ...(binary === undefined ? [] : [bytes]),
      ...(isAsync ? [preference] : [])
    ].join(" "),
    parameters: [...listOf(operation["parameters"]), ...(isAsync ? [prefer, idempotencyKey, sessionId] : [])],
    ...(isAsync ? { "x-respond-async": { "202": accepted } } : {})
  }
}

/** Describes the WebSocket of a run: OpenAPI has no messages of connections. */
export const describeSocket = (operation: Json): Json => ({
  ...operation,
  description: socket,
  parameters: [...listOf(operation["parameters"]), socketProtocol],
  responses: {
    ...objectOf(operation["responses"]),
    default: { description: "Any other response refuses the connection." }
  },
  "x-websocket": { subprotocol: RunSocket.protocol, closeCodes: RunSocket.closeCodes }
})

// internal

const socket =
  'Each message is JSON in text. The service sends the events of `GET /runs/{id}/events` as `{ "id", "event", "data" }`. The client sends `{ "signal": name, "body"?, "ref"? }` or `{ "cancel": true, "ref"? }`, and gets `{ "accepted", "ref"? }` or `{ "refused": error, "ref"? }`.'

const socketProtocol = {
  name: "sec-websocket-protocol",
  in: "header",
  required: false,
  description: `\`${RunSocket.protocol}\`, and behind it the key of the deployment as \`${RunSocket.keyPrefix}\` with the key in base64url, for browsers, which cannot set \`Authorization\`.`,
  schema: { type: "string" }
}

const text = { type: "string" }

const modes =
  "By default the response comes when the run has ended. With `Accept: text/event-stream` it is the stream of the run's events, as of `GET /runs/{id}/events`."

const form = `Files come as parts of \`multipart/form-data\`, with the other parameters as fields, or all of them in the field \`${requestField}\`, which is the body of an ordinary invocation. In JSON a file is a data URL or an object with Base64.`

const bytes =
  "The outputs are bytes: the response has them as they are, and `X-Run-Metadata` has the metadata of the run. With `Accept: application/json` the outputs are their description, with the `path` at which the service has them."

/** The responses with the bytes beside the JSON. */
const withBytes = (responses: unknown, { contentType }: Binary): Json => {
  const all = objectOf(responses)
  const success = objectOf(all["200"])
  const content = { [contentType]: { schema: { type: "string", format: "binary" } }, ...objectOf(success["content"]) }
  return { ...all, "200": { ...success, content } }
}

/** A body that may be a form, too: with a part for each file and a field for each other parameter. */
const withForm = (requestBody: unknown, files: ReadonlyArray<FileField>): Json => {
  const json = at(requestBody, ["content", "application/json", "schema"])
  const parameters = objectOf(at(json, ["properties", "parameters"]))
  const binary = { type: "string", format: "binary" }
  const parts = files.map(({ isList, name }) => [name, isList ? { type: "array", items: binary } : binary])
  const encoding = files.flatMap(({ contentTypes, name }) =>
    contentTypes === undefined ? [] : [[name, { contentType: contentTypes.join(", ") }]]
  )
  const schema = {
    type: "object",
    properties: {
      ...objectOf(parameters["properties"]),
      ...Object.fromEntries(parts),
      [requestField]: { type: "string", contentMediaType: "application/json" }
    }
  }
  return {
    ...objectOf(requestBody),
    content: {
      ...objectOf(at(requestBody, ["content"])),
      "multipart/form-data": {
        schema,
        ...(encoding.length === 0 ? {} : { encoding: Object.fromEntries(encoding) })
      }
    }
  }
}

const at = (value: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce((inner, name) => objectOf(inner)[name], value)

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}

const elements =
  'The pipeline streams its outputs: the events have an `element` for each of them, and with `Accept: application/x-ndjson` the response has a line of JSON for each, `{ "element": ... }`, and one for the end of the run, `{ "finished": ... }`. The outputs without these headers are the list of all elements.'

/** The answers to callers that receive elements as they come, by content type. */
const streamOf = (element: unknown): Json => ({
  "text/event-stream": { event: "element", schema: element },
  "application/x-ndjson": {
    schema: {
      oneOf: [
        { type: "object", required: ["element"], properties: { element }, additionalProperties: false },
        { type: "object", required: ["finished"], properties: { finished: { type: "object" } } }
      ]
    }
  }
})

/** The schema of an element, from that of the outputs, which are a list. */
const elementOf = (operation: Json): unknown =>
  at(operation, ["responses", "200", "content", "application/json", "schema", "properties", "outputs", "items"]) ?? {}

const preference = "With `Prefer: respond-async` it is 202 with the id of the run, as soon as the run is accepted."

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

const sessionId = {
  name: "session-id",
  in: "header",
  required: false,
  description: "The session that the run belongs to.",
  schema: { type: "string", minLength: 1, maxLength: 200 }
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

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
