// Bare node:http, with the fastest validator and serializer there are.
import { createServer } from "node:http"
import Ajv from "ajv"
import fastJson from "fast-json-stringify"
import { announce, isAuthorized, options, perform } from "./common.mjs"
import { answerSchema, requestSchema } from "./payloads.mjs"

const { payload } = options()
const validate = new Ajv().compile(requestSchema(payload))
const stringify = fastJson(answerSchema(payload))

const answer = (response, status, text) => {
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
  response.end(text)
}

const invoke = async (response, chunks) => {
  let body
  try {
    body = JSON.parse(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  } catch {
    return answer(response, 400, '{"message":"not JSON"}')
  }
  if (!validate(body)) return answer(response, 400, '{"message":"invalid"}')
  const [, outputs] = await perform(payload, body.parameters)
  answer(response, 200, stringify({ success: true, outputs }))
}

const server = createServer((request, response) => {
  if (request.method !== "POST" || request.url !== "/invoke") return answer(response, 404, "{}")
  if (!isAuthorized(request.headers.authorization)) return answer(response, 401, "{}")
  const chunks = []
  request.on("data", (chunk) => chunks.push(chunk))
  request.on("end", () => invoke(response, chunks))
})
server.listen(0, "127.0.0.1", () => announce(server.address().port))
