// Fastify with JSON schemas (ajv in, fast-json-stringify out). With a database it stores each run in a transaction of its
// own before it answers.
import Fastify from "fastify"
import { announce, isAuthorized, options, perform } from "./common.mjs"
import { answerSchema, requestSchema } from "./payloads.mjs"

const { database, payload } = options()
const store = database === undefined ? undefined : (await import("./rows.mjs")).openRows(database, payload)

// By default Fastify turns 7 into "7"; the others do not.
const app = Fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } })
app.addHook("onRequest", async (request, reply) => {
  if (!isAuthorized(request.headers.authorization)) return reply.code(401).send({ message: "no key" })
})
app.post("/invoke", {
  schema: { body: requestSchema(payload), response: { 200: answerSchema(payload) } },
  handler: async ({ body: { parameters } }) => {
    const startedAt = Date.now()
    const steps = await perform(payload, parameters)
    const answer = { success: true, outputs: steps[1] }
    return store === undefined ? answer : { ...answer, runId: store(parameters, steps, startedAt) }
  }
})
await app.listen({ host: "127.0.0.1", port: 0 })
announce(app.server.address().port)
