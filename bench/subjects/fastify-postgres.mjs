// Fastify that stores each run in PostgreSQL before it answers: the rows of our run store, in one transaction for each request.
import Fastify from "fastify"
import { Pool } from "pg"
import { v7 } from "uuid"
import { announce, isAuthorized, options, perform } from "./common.mjs"
import { answerSchema, requestSchema } from "./payloads.mjs"

const { database, payload } = options()
const pool = new Pool({ connectionString: database, max: 32 })
await pool.query(`CREATE TABLE IF NOT EXISTS bench_runs (id TEXT COLLATE "C" NOT NULL PRIMARY KEY, idx BIGINT NOT NULL,
  name TEXT NOT NULL, status TEXT NOT NULL, parameters TEXT, outputs TEXT, started_at BIGINT NOT NULL, finished_at BIGINT,
  execution_millis DOUBLE PRECISION)`)
await pool.query(`CREATE TABLE IF NOT EXISTS bench_step_runs (run_id TEXT COLLATE "C" NOT NULL, number INTEGER NOT NULL,
  name TEXT NOT NULL, status TEXT NOT NULL, outputs TEXT, started_at BIGINT NOT NULL, finished_at BIGINT,
  execution_millis DOUBLE PRECISION, PRIMARY KEY (run_id, number))`)

const names = payload.steps.map(([name]) => name)
let index = 0

const store = async (parameters, [one, two], startedAt) => {
  const id = v7()
  const now = Date.now()
  const took = now - startedAt
  index++
  const client = await pool.connect()
  try {
    await client.query("BEGIN")
    await client.query({
      name: "run",
      text: "INSERT INTO bench_runs VALUES ($1, $2, $3, 'succeeded', $4, $5, $6, $7, $8)",
      values: [id, index, `run-${index}`, JSON.stringify(parameters), JSON.stringify(two), startedAt, now, took]
    })
    await client.query({
      name: "steps",
      text: `INSERT INTO bench_step_runs VALUES ($1, 0, $2, 'succeeded', $4, $6, $7, $8),
        ($1, 1, $3, 'succeeded', $5, $6, $7, $8)`,
      values: [id, ...names, JSON.stringify(one), JSON.stringify(two), startedAt, now, took]
    })
    await client.query("COMMIT")
  } finally {
    client.release()
  }
  return id
}

const app = Fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } })
app.addHook("onRequest", async (request, reply) => {
  if (!isAuthorized(request.headers.authorization)) return reply.code(401).send({ message: "no key" })
})
app.post("/invoke", {
  schema: { body: requestSchema(payload), response: { 200: answerSchema(payload) } },
  handler: async ({ body: { parameters } }) => {
    const startedAt = Date.now()
    const steps = await perform(payload, parameters)
    return { success: true, outputs: steps[1], runId: await store(parameters, steps, startedAt) }
  }
})
await app.listen({ host: "127.0.0.1", port: 0 })
announce(app.server.address().port)
