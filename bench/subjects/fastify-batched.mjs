// Fastify with a batcher by hand: inputs gather for a millisecond, or until there are 32, and at most four calls run at once.
import { setTimeout as sleep } from "node:timers/promises"
import Fastify from "fastify"
import { announce, isAuthorized } from "./common.mjs"

const limits = { size: 32, waitMillis: 1, calls: 4, callMillis: 2 }

const numbered = { type: "object", required: ["number"], properties: { number: { type: "integer" } } }
const schema = {
  body: { type: "object", required: ["parameters"], properties: { parameters: numbered } },
  response: { 200: { type: "object", properties: { success: { type: "boolean" }, outputs: numbered } } }
}

const model = async (numbers) => {
  await sleep(limits.callMillis)
  return numbers.map((number) => number + 1)
}

let waiting = []
let calls = 0
let timer

const flush = () => {
  clearTimeout(timer)
  timer = undefined
  while (waiting.length > 0 && calls < limits.calls) {
    const batch = waiting.slice(0, limits.size)
    waiting = waiting.slice(limits.size)
    calls++
    model(batch.map(({ number }) => number)).then((results) => {
      calls--
      for (const [index, { resolve }] of batch.entries()) resolve(results[index])
      if (waiting.length > 0) flush()
    })
  }
}

const next = (number) =>
  new Promise((resolve) => {
    waiting.push({ number, resolve })
    if (waiting.length >= limits.size) flush()
    else timer ??= setTimeout(flush, limits.waitMillis)
  })

const app = Fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } })
app.addHook("onRequest", async (request, reply) => {
  if (!isAuthorized(request.headers.authorization)) return reply.code(401).send({ message: "no key" })
})
app.post("/invoke", {
  schema,
  handler: async ({ body: { parameters } }) => ({ success: true, outputs: { number: await next(parameters.number) } })
})
await app.listen({ host: "127.0.0.1", port: 0 })
announce(app.server.address().port)
