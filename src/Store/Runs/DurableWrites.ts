/** Writes of leases and journals, for each writer of a run store. */
import type * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { Bare } from "../Database/SqliteConnection.js"
import type { DurableWrite, JournalEntry } from "./DurableRuns.js"
import { optionalText } from "./RunValues.js"

/** Another process has the lease of the run. The code is what {@link SqlFailure} classifies. */
export class Fenced extends Error {
  readonly code = "FENCED"
}

/** The generation of a run that was released. */
export const released = -1

/** Makes the function that writes on a bare connection, within a transaction. It throws {@link Fenced}. */
export const onBare = (connection: Bare): ((write: DurableWrite) => void) => {
  const insertLease = connection.prepare(
    "INSERT INTO leases (run_id, token, recoveries, request) VALUES (?, ?, 0, ?) ON CONFLICT (run_id) DO NOTHING"
  )
  const lease = connection.prepare<{ readonly token: number }>("SELECT token FROM leases WHERE run_id = ?")
  const progress = connection.prepare("UPDATE leases SET recoveries = 0 WHERE run_id = ?")
  const putEntry = connection.prepare(
    `INSERT INTO journal (run_id, ${columns.join(", ")}) VALUES (?${", ?".repeat(columns.length)})
    ON CONFLICT (run_id, ordinal) DO UPDATE SET ${replaced}`
  )
  const release = connection.prepare(`UPDATE runs SET generation = ${released} WHERE id = ?`)
  const fence = connection.prepare("UPDATE leases SET token = token + 1 WHERE run_id = ?")
  return (write) => {
    switch (write._tag) {
      case "Lease":
        if (write.request !== undefined) insertLease.run(write.runId, write.token, write.request)
        if (lease.get(write.runId)?.token !== write.token) throw new Fenced()
        if (write.isProgress === true) progress.run(write.runId)
        return
      case "Entry":
        return void putEntry.run(write.runId, ...valuesOf(write.entry))
      case "Release":
        release.run(write.runId)
        return void fence.run(write.runId)
    }
  }
}

/** Makes the function that writes through any client, within a transaction. It fails with {@link Fenced} as the cause. */
export const onClient =
  (sql: SqlClient.SqlClient) =>
  (write: DurableWrite): Effect.Effect<void, SqlError> => {
    switch (write._tag) {
      case "Lease":
        return writeLease(sql, write)
      case "Entry": {
        const values = valuesOf(write.entry)
        const row = Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]))
        return Effect.asVoid(sql`INSERT INTO journal ${sql.insert({ run_id: write.runId, ...row })}
          ON CONFLICT (run_id, ordinal) DO UPDATE SET ${sql.literal(replaced)}`)
      }
      case "Release":
        return Effect.zipRight(
          sql`UPDATE runs SET generation = ${released} WHERE id = ${write.runId}`,
          Effect.asVoid(sql`UPDATE leases SET token = token + 1 WHERE run_id = ${write.runId}`)
        )
    }
  }

// internal

const writeLease = (
  sql: SqlClient.SqlClient,
  { isProgress, request, runId, token }: Extract<DurableWrite, { readonly _tag: "Lease" }>
) =>
  Effect.gen(function* () {
    if (request !== undefined) {
      yield* sql`INSERT INTO leases ${sql.insert({ run_id: runId, token, recoveries: 0, request })}
        ON CONFLICT (run_id) DO NOTHING`
    }
    const [lease] = yield* sql<{ readonly token: number | string }>`SELECT token FROM leases WHERE run_id = ${runId}`
    if (Number(lease?.token) !== token) {
      return yield* new SqlError({ cause: new Fenced(), message: "Another process has taken the run" })
    }
    if (isProgress === true) yield* sql`UPDATE leases SET recoveries = 0 WHERE run_id = ${runId}`
  })

const columns = [
  ...["ordinal", "parent", "kind", "name", "number", "sequential", "digest", "result", "failures", "position", "value"]
]

const replaced = ["result", "failures", "position", "value"]
  .map((column) => `${column} = excluded.${column}`)
  .join(", ")

const valuesOf = (entry: JournalEntry) =>
  [
    entry.ordinal,
    entry.parent,
    entry.kind,
    entry.name,
    entry.number,
    entry.isSequential ? 1 : 0,
    entry.digest,
    entry.result ?? null,
    entry.failures,
    entry.position ?? null,
    optionalText(entry.value)
  ] as const
