/** Leases, journals and signals of runs in a SQL database. */
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Access from "./Access.js"
import { decodeRows, decodeTo, Integer, now, OptionalJson, present } from "./Columns.js"
import type { DurableRuns, JournalEntry, TakenRun } from "./DurableRuns.js"
import { released } from "./DurableWrites.js"
import * as Rows from "./RunRows.js"
import { stepsPerRun } from "./RunsSchema.js"
import { text } from "./RunValues.js"

/** The time after which a process of another generation counts as dead, for its runs with a lease. */
export const leaseMillis = 30_000

/** Makes the part of a run store of one generation that keeps runs with a lease. */
export const make = (access: Access.Access, generation: number): DurableRuns => {
  const { read, sql, write } = access
  const own = sql`${going(sql)} AND generation = ${generation} AND ${isLeased(sql)}`
  const free = (at: number) => sql`${going(sql)} AND ${isLeased(sql)} AND (generation = ${released} OR (
    generation % ${slotSize(sql)} <> ${generation % generationsPerSlot}
    AND started_at <= ${at - leaseMillis}
    AND generation NOT IN (SELECT generation FROM seen WHERE at > ${at - leaseMillis})))`
  /** Looks first, so that a look that finds nothing takes no lock. */
  const ifAny = <A, E, R>(found: Statement.Fragment, none: A, act: Effect.Effect<A, E, R>) =>
    Effect.flatMap(sql`SELECT 1 AS found FROM runs WHERE ${found} LIMIT 1`, (rows) =>
      rows.length === 0 ? Effect.succeed(none) : act
    )
  return {
    orphan: write(
      "runs.orphan",
      Effect.gen(function* () {
        yield* sql`UPDATE leases SET recoveries = recoveries + 1, token = token + 1
          WHERE run_id IN (SELECT id FROM runs WHERE ${own})`
        const rows = yield* sql`UPDATE runs SET generation = ${released} WHERE ${own} RETURNING id`
        return rows.length
      })
    ),
    take: (limit) =>
      Effect.flatMap(now, (at) =>
        read("runs.take", ifAny(free(at), none, write("runs.take", taking(access, generation, free(at), at, limit))))
      ),
    abandon: (options) =>
      Effect.flatMap(now, (at) => {
        const lost = options.own ? sql.or([own, free(at)]) : free(at)
        return read("runs.abandon", ifAny(lost, 0, write("runs.abandon", markLost(sql, at, lost))))
      }),
    journal: (runId) =>
      read(
        "runs.journal",
        Effect.gen(function* () {
          const [number] = yield* Rows.decodeNumbers(yield* sql`SELECT number FROM runs WHERE id = ${runId}`)
          if (number === undefined) return { journal: [], steps: [] }
          return { journal: yield* journalOf(sql, runId), steps: yield* stepsByPosition(sql, number) }
        })
      ),
    ...signals(access)
  }
}

/** Marks runs as lost, with their steps in progress; returns the number. */
export const markLost = (sql: Access.Access["sql"], at: number, dead: Statement.Fragment) =>
  Effect.gen(function* () {
    for (const number of yield* Rows.decodeNumbers(yield* sql`SELECT number FROM runs WHERE ${dead}`)) {
      yield* sql`UPDATE step_runs SET status = 'interrupted', finished_at = ${at}
        WHERE status = 'running' AND ${stepsOf(sql, number)}`
    }
    const lost = yield* sql`UPDATE runs SET status = 'interrupted', cause = 'lost', finished_at = ${at}
      WHERE ${dead} RETURNING id`
    return lost.length
  })

/** True for a run that another process may go on with. */
export const isLeased = (sql: Access.Access["sql"]): Statement.Fragment =>
  sql`EXISTS (SELECT 1 FROM leases WHERE leases.run_id = runs.id)`

// internal

type Sql = Access.Access["sql"]

const none: ReadonlyArray<TakenRun> = []

/** The workers of one service are generations of their own, which differ by multiples of this. */
const generationsPerSlot = 2 ** 32

/** As a literal: numbers given as parameters are no integers for SQLite. */
const slotSize = (sql: Sql) => sql.literal(String(generationsPerSlot))

const going = (sql: Sql) => sql`status IN ('queued', 'running')`

const stepsOf = (sql: Sql, run: number): Statement.Fragment =>
  sql`number BETWEEN ${run * stepsPerRun} AND ${(run + 1) * stepsPerRun - 1}`

const LeaseRow = Schema.Struct({
  number: Integer,
  generation: Integer,
  token: Integer,
  recoveries: Integer,
  request: Schema.String
})

const EntryRow = Schema.Struct({
  ordinal: Integer,
  parent: Integer,
  kind: Schema.Literal("step", "once", "sleep", "signal"),
  name: Schema.String,
  number: Integer,
  sequential: Integer,
  digest: Schema.String,
  result: Schema.OptionFromNullOr(Schema.Literal("value", "failure", "timeout", "plain", "defect")),
  failures: Integer,
  position: Schema.OptionFromNullOr(Integer),
  value: OptionalJson
})

const SignalRow = Schema.Struct({ sequence: Integer, data: Schema.parseJson(Schema.Unknown) })

const decodeLeases = decodeRows(LeaseRow)
const decodeLast = decodeRows(Schema.Struct({ sequence: Schema.NullOr(Integer) }))
const decodeSequences = decodeRows(Schema.Struct({ sequence: Integer }))
const decodeSignals = decodeRows(SignalRow)
const decodeSignalled = decodeRows(Schema.Struct({ sequence: Integer, run_id: Schema.String }))
const decodeEntries = decodeTo(
  EntryRow,
  ({ position, result, sequential, value, ...entry }): JournalEntry => ({
    ...entry,
    isSequential: sequential === 1,
    ...present({ result, position, value })
  })
)

/** The process is alive from now on: the runs it takes may be older than the time after which it counts as dead. */
const taking = ({ sql }: Access.Access, generation: number, free: Statement.Fragment, at: number, limit: number) =>
  Effect.gen(function* () {
    const rows = yield* sql`SELECT runs.*, token, recoveries, request FROM runs JOIN leases ON leases.run_id = runs.id
      WHERE ${free} ORDER BY runs.number LIMIT ${limit}`
    const runs = yield* Rows.decodeRuns(rows)
    const leases = yield* decodeLeases(rows)
    const taken: Array<TakenRun> = []
    for (const [index, run] of runs.entries()) {
      const lease = leases[index]
      if (lease === undefined) continue
      const token = lease.token + 1
      const recoveries = lease.generation === released ? lease.recoveries : lease.recoveries + 1
      yield* sql`UPDATE runs SET generation = ${generation} WHERE id = ${run.id}`
      yield* sql`UPDATE leases SET token = ${token}, recoveries = ${recoveries} WHERE run_id = ${run.id}`
      const steps = yield* stepsByPosition(sql, lease.number)
      const journal = yield* journalOf(sql, run.id)
      const sequence = yield* lastSequence(sql, run.id, lease.number)
      const lines = yield* lastLine(sql, run.id)
      taken.push({ run: { ...run, steps }, token, recoveries, request: lease.request, sequence, lines, journal })
    }
    yield* sql`INSERT INTO seen (generation, at) VALUES (${generation}, ${at})
      ON CONFLICT (generation) DO UPDATE SET at = excluded.at`
    return taken
  })

const journalOf = (sql: Sql, runId: string) =>
  Effect.flatMap(
    sql`SELECT ordinal, parent, kind, name, number, sequential, digest, result, failures, position, value
      FROM journal WHERE run_id = ${runId} ORDER BY ordinal`,
    decodeEntries
  )

const stepsByPosition = (sql: Sql, run: number) =>
  Effect.flatMap(sql`SELECT * FROM step_runs WHERE ${stepsOf(sql, run)} ORDER BY number`, Rows.decodeSteps)

const lastSequence = (sql: Sql, runId: string, number: number) =>
  Effect.map(
    Effect.flatMap(
      sql`SELECT max(sequence) AS sequence FROM (
        SELECT max(sequence) AS sequence FROM run_events WHERE run_id = ${runId}
        UNION ALL SELECT max(started_sequence) FROM step_runs WHERE ${stepsOf(sql, number)}
        UNION ALL SELECT max(finished_sequence) FROM step_runs WHERE ${stepsOf(sql, number)}
      ) AS marks`,
      decodeLast
    ),
    (rows) => rows[0]?.sequence ?? 1
  )

const lastLine = (sql: Sql, runId: string) =>
  Effect.map(
    Effect.flatMap(sql`SELECT max(sequence) AS sequence FROM run_logs WHERE run_id = ${runId}`, decodeLast),
    (rows) => rows[0]?.sequence ?? 0
  )

const signals = ({ read, sql, write }: Access.Access): Pick<DurableRuns, "signal" | "nextSignal" | "signalled"> => {
  const latest = Effect.map(Effect.flatMap(sql`SELECT max(sequence) AS sequence FROM signals`, decodeLast), (rows) => ({
    last: rows[0]?.sequence ?? 0,
    runIds: []
  }))
  return {
    signal: ({ data, name, runId }) =>
      write(
        "runs.signal",
        Effect.gen(function* () {
          const at = yield* now
          const rows = yield* sql`INSERT INTO signals (run_id, name, at, data)
          SELECT id, ${name}, ${at}, ${text(data)} FROM runs WHERE id = ${runId} AND ${going(sql)} RETURNING sequence`
          return Option.map(Option.fromNullable((yield* decodeSequences(rows))[0]), ({ sequence }) => sequence)
        })
      ),
    nextSignal: ({ after, name, runId }) =>
      read(
        "runs.nextSignal",
        Effect.map(
          Effect.flatMap(
            sql`SELECT sequence, data FROM signals WHERE run_id = ${runId} AND name = ${name} AND sequence > ${after}
            ORDER BY sequence LIMIT 1`,
            decodeSignals
          ),
          (rows) => Option.fromNullable(rows[0])
        )
      ),
    signalled: (after) =>
      read(
        "runs.signalled",
        after < 0
          ? latest
          : Effect.map(
              Effect.flatMap(
                sql`SELECT sequence, run_id FROM signals WHERE sequence > ${after} ORDER BY sequence LIMIT 1000`,
                decodeSignalled
              ),
              (rows) => ({ last: rows.at(-1)?.sequence ?? after, runIds: rows.map(({ run_id }) => run_id) })
            )
      )
  }
}
