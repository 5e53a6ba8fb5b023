// The rows our runtime commits for a run, written by hand: one transaction for each request, on disk before the answer.
import Database from "better-sqlite3"
import { v7 } from "uuid"

export const tables = [
  `CREATE TABLE runs (id TEXT NOT NULL PRIMARY KEY, idx INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    cause TEXT, parameters TEXT, outputs TEXT, error TEXT, started_at INTEGER NOT NULL, finished_at INTEGER,
    execution_millis REAL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE step_runs (run_id TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    attempts INTEGER NOT NULL, outputs TEXT, error TEXT, started_at INTEGER NOT NULL, finished_at INTEGER,
    execution_millis REAL, PRIMARY KEY (run_id, position)) STRICT, WITHOUT ROWID`
]

export const pragmas = ["journal_mode = WAL", "synchronous = FULL"]

export const insertRun = "INSERT INTO runs VALUES (?, ?, ?, 'succeeded', NULL, ?, ?, NULL, ?, ?, ?)"

export const insertStep = "INSERT INTO step_runs VALUES (?, ?, ?, 'succeeded', 1, ?, NULL, ?, ?, ?)"

/** A function that stores a run that succeeded and answers its id. */
export const openRows = (file, { steps: [[first], [second]] }) => {
  const database = new Database(file)
  for (const pragma of pragmas) database.pragma(pragma)
  for (const table of tables) database.exec(table)
  const run = database.prepare(insertRun)
  const step = database.prepare(insertStep)
  let index = 0
  const store = database.transaction((parameters, [one, two], startedAt) => {
    const id = v7()
    const now = Date.now()
    const took = now - startedAt
    index++
    run.run(id, index, `run-${index}`, JSON.stringify(parameters), JSON.stringify(two), startedAt, now, took)
    step.run(id, 0, first, JSON.stringify(one), startedAt, now, took)
    step.run(id, 1, second, JSON.stringify(two), startedAt, now, took)
    return id
  })
  return store.immediate
}
