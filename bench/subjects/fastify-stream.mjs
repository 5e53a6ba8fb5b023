// Fastify with a stream of lines of JSON, one for each element.
import { Readable } from "node:stream"
import Fastify from "fastify"
import { announce, isAuthorized } from "./common.mjs"

const body = {
  type: "object",
  required: ["parameters"],
  properties: {
    parameters: { type: "object", required: ["count"], properties: { count: { type: "integer" } } }
  }
}

function* lines(count) {
  for (let number = 1; number <= count; number++) {
    yield `${JSON.stringify({ element: { number, text: `element ${number}` } })}\n`
  }
  yield `${JSON.stringify({ finished: { status: "succeeded" } })}\n`
}

const app = Fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } })
app.addHook("onRequest", async (request, reply) => {
  if (!isAuthorized(request.headers.authorization)) return reply.code(401).send({ message: "no key" })
})
app.post("/invoke", { schema: { body } }, (request, reply) =>
  reply.type("application/x-ndjson").send(Readable.from(lines(request.body.parameters.count)))
)
await app.listen({ host: "127.0.0.1", port: 0 })
announce(app.server.address().port)
