// Hono on Node, with its validator middleware over ajv.
import { serve } from "@hono/node-server"
import Ajv from "ajv"
import { Hono } from "hono"
import { validator } from "hono/validator"
import { announce, isAuthorized, options, perform } from "./common.mjs"
import { answerSchema, requestSchema } from "./payloads.mjs"

const { payload } = options()
const ajv = new Ajv()
const isRequest = ajv.compile(requestSchema(payload))
const isAnswer = ajv.compile(answerSchema(payload))

const app = new Hono()
app.use("/invoke", async (context, next) => {
  if (!isAuthorized(context.req.header("authorization"))) return context.json({ message: "no key" }, 401)
  return next()
})
app.post(
  "/invoke",
  validator("json", (body, context) => (isRequest(body) ? body : context.json({ message: "invalid" }, 400))),
  async (context) => {
    const [, outputs] = await perform(payload, context.req.valid("json").parameters)
    const answer = { success: true, outputs }
    return isAnswer(answer) ? context.json(answer) : context.json({ message: "invalid answer" }, 500)
  }
)
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => announce(port))
