// Fills stores with many rows behind the library's back: copies of rows the library wrote itself.
import Database from "better-sqlite3"
import { v7 } from "uuid"

/** Copies one row of a table `count` times; `change(i)` gives the columns that differ. Row numbers are given anew. */
const copyRow = (database, table, where, count, change) => {
  const { number: _, ...row } = database.prepare(`SELECT * FROM ${table} WHERE ${where.sql}`).get(where.value)
  const columns = Object.keys(row)
  const insert = database.prepare(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map((name) => `@${name}`).join(", ")})`
  )
  database.transaction(() => {
    for (let i = 0; i < count; i++) insert.run({ ...row, ...change(i) })
  })()
}

const withDatabase = (file, use) => {
  const database = new Database(file, { fileMustExist: true, timeout: 30_000 })
  try {
    database.pragma("synchronous = OFF")
    use(database)
    database.pragma("wal_checkpoint(PASSIVE)")
  } finally {
    database.close()
  }
}

/** Deployments named `copy-00001` and so on, like the one named `like`. */
export const seedDeployments = (file, { count, like }) =>
  withDatabase(file, (database) =>
    copyRow(database, "deployments", { sql: "name = ?", value: like }, count, (i) => ({
      id: v7(),
      name: `copy-${String(i).padStart(5, "0")}`
    }))
  )

/** Runs that succeeded, a second apart, older than any that is served now; each like the newest one there is. */
export const seedRuns = (file, count) =>
  withDatabase(file, (database) => {
    const { id, started_at: newest } = database
      .prepare("SELECT id, started_at FROM runs ORDER BY id DESC LIMIT 1")
      .get()
    copyRow(database, "runs", { sql: "id = ?", value: id }, count, (i) => {
      const at = newest - (count - i + 1) * 1_000
      return { id: v7({ msecs: at }), idx: i + 1, name: `seeded-${i}`, started_at: at, finished_at: at }
    })
    database.prepare("UPDATE totals SET value = value + ? WHERE name = 'succeeded'").run(count)
  })
