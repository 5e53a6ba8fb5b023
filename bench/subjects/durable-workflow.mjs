// Ten activities of @effect/workflow on its cluster engine, with the SQL storage in a SQLite file of this process.
import { createServer } from "node:http"
import { ClusterWorkflowEngine, SingleRunner } from "@effect/cluster"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Activity, Workflow } from "@effect/workflow"
import { Effect, Layer, Logger, ManagedRuntime, Schema } from "effect"
import { v7 } from "uuid"
import { announce, isAuthorized } from "./common.mjs"

const Counted = Schema.Struct({ count: Schema.Int })

const Ten = Workflow.make({
  name: "Ten",
  payload: { id: Schema.String, count: Schema.Int },
  success: Counted,
  idempotencyKey: ({ id }) => id
})

const TenLive = Ten.toLayer(
  Effect.fnUntraced(function* ({ count }) {
    let now = { count }
    for (let step = 1; step <= 10; step++) {
      const { count } = now
      now = yield* Activity.make({
        name: `increment${step}`,
        success: Counted,
        execute: Effect.succeed({ count: count + 1 })
      })
    }
    return now
  })
)

const Sql = SqliteClient.layer({ filename: process.argv[2] })

const runtime = ManagedRuntime.make(
  TenLive.pipe(
    Layer.provideMerge(ClusterWorkflowEngine.layer),
    Layer.provide(SingleRunner.layer({ runnerStorage: "memory" })),
    Layer.provide(Sql),
    Layer.provide(Logger.remove(Logger.defaultLogger))
  )
)

const run = async ({ count }) => {
  const id = v7()
  const outputs = await runtime.runPromise(Ten.execute({ id, count }))
  return { success: true, outputs, runId: id }
}

const bodyOf = async (request) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

const server = createServer(async (request, response) => {
  if (!isAuthorized(request.headers.authorization)) return response.writeHead(401).end()
  const { parameters } = await bodyOf(request)
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify(await run(parameters)))
})

await runtime.runPromise(Effect.void)
server.listen(0, "127.0.0.1", () => announce(server.address().port))
