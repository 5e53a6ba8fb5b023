// Ten steps by hand on better-sqlite3: the run is stored, then each result in a transaction of its own before the next step,
// then the end. On disk each time.
import { createServer } from "node:http"
import Database from "better-sqlite3"
import { v7 } from "uuid"
import { announce, isAuthorized } from "./common.mjs"
import { pragmas } from "./rows.mjs"

const database = new Database(process.argv[2])
for (const pragma of pragmas) database.pragma(pragma)
database.exec("CREATE TABLE runs (id TEXT PRIMARY KEY, status TEXT, input TEXT, output TEXT, started_at INTEGER)")
database.exec("CREATE TABLE results (run_id TEXT, step TEXT, output TEXT, at INTEGER, PRIMARY KEY (run_id, step))")
const begin = database.prepare("INSERT INTO runs VALUES (?, 'running', ?, NULL, ?)")
const record = database.prepare("INSERT INTO results VALUES (?, ?, ?, ?)")
const finish = database.prepare("UPDATE runs SET status = 'succeeded', output = ? WHERE id = ?")

const increment = async ({ count }) => ({ count: count + 1 })

const run = async (input) => {
  const id = v7()
  begin.run(id, JSON.stringify(input), Date.now())
  let now = input
  for (let step = 1; step <= 10; step++) {
    now = await increment(now)
    record.run(id, `increment#${step}`, JSON.stringify(now), Date.now())
  }
  finish.run(JSON.stringify(now), id)
  return { success: true, outputs: now, runId: id }
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

server.listen(0, "127.0.0.1", () => announce(server.address().port))
