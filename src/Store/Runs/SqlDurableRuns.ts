/** Leases, journals and signals of runs in a SQL database. */
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Access } from "../Database/Access.js"
import { decodeRows, decodeTo, Integer, OptionalJson, present } from "../Database/Columns.js"
import { forUpdate } from "../Database/Dialect.js"
import type { DurableRuns, JournalEntry, TakenRun } from "./DurableRuns.js"
import { released } from "./DurableWrites.js"
import * as Rows from "./RunRows.js"
import type { RunAccess, RunRef } from "./RunTables.js"
import { text } from "./RunValues.js"

/** The time after which a process of another generation counts as dead, for its runs with a lease. */
export const leaseMillis = 30_000

/** Makes the part of a run store of one generation that keeps runs with a lease. */
export const make = (access: RunAccess, generation: number): DurableRuns => {
  const { from, into, mine, read, runNumber, sql, write } = access
  const own = sql`${going(sql)} AND generation = ${generation} AND ${isLeased(access)}`
  const free = (at: Statement.Fragment) => sql`${going(sql)} AND ${isLeased(access)} AND (generation = ${released} OR (
    generation % ${slotSize(sql)} <> ${generation % generationsPerSlot}
    AND ${access.isSilent(generation, at, leaseMillis)}))`
  /** Looks first, so that a look that finds nothing takes no lock. */
  const ifAny = <A, E, R>(found: Statement.Fragment, none: A, act: Effect.Effect<A, E, R>) =>
    Effect.flatMap(sql`SELECT 1 AS found FROM ${from("runs")} WHERE ${found} LIMIT 1`, (rows) =>
      rows.length === 0 ? Effect.succeed(none) : act
    )
  return {
    orphan: write(
      "runs.orphan",
      Effect.gen(function* () {
        yield* sql`UPDATE ${into("leases")} SET recoveries = recoveries + 1, token = token + 1
          WHERE ${mine} AND run_id IN (SELECT id FROM ${from("runs")} WHERE ${own})`
        const rows =
          yield* sql`UPDATE ${into("runs")} SET generation = ${released} WHERE ${mine} AND ${own} RETURNING id`
        return rows.length
      })
    ),
    take: (limit) =>
      Effect.flatMap(access.leaseTime, (at) =>
        read("runs.take", ifAny(free(at), none, write("runs.take", taking(access, generation, free(at), at, limit))))
      ),
    abandon: (options) =>
      Effect.flatMap(access.leaseTime, (at) => {
        const lost = options.own ? sql.or([sql`(${own})`, sql`(${free(at)})`]) : free(at)
        const marking = Effect.flatMap(access.now, (now) => markLost(access, now, lost))
        return read("runs.abandon", ifAny(lost, 0, write("runs.abandon", marking)))
      }),
    journal: (runId) =>
      read(
        "runs.journal",
        Effect.gen(function* () {
          const [number] = yield* Rows.decodeNumbers(
            yield* sql`SELECT ${runNumber} AS number FROM ${from("runs")} WHERE id = ${runId}`
          )
          if (number === undefined) return { journal: [], steps: [] }
          return {
            journal: yield* journalOf(access, runId),
            steps: yield* stepsByPosition(access, { id: runId, number })
          }
        })
      ),
    ...signals(access)
  }
}

/** True for runs in progress of other generations that have not been alive for some time. */
export const silent = (
  { isSilent, sql }: RunAccess,
  generation: number,
  at: Statement.Fragment,
  millis: number
): Statement.Fragment => sql`${going(sql)} AND generation <> ${generation} AND ${isSilent(generation, at, millis)}`

/** Marks runs as lost, with their steps in progress; returns the number. */
export const markLost = (
  { into, mine, runNumber, sql, stepsOf }: RunAccess,
  at: number,
  dead: Statement.Fragment
): Effect.Effect<number, SqlError | ParseError> =>
  Effect.gen(function* () {
    const lost = yield* Rows.decodeRefs(
      yield* sql`UPDATE ${into("runs")} SET status = 'interrupted', cause = 'lost', finished_at = ${at}
        WHERE ${mine} AND ${dead} RETURNING id, ${runNumber} AS number`
    )
    yield* Effect.forEach(
      lost,
      (run) => sql`UPDATE ${into("step_runs")} SET status = 'interrupted', finished_at = ${at}
        WHERE ${mine} AND status = 'running' AND ${stepsOf(run)}`,
      { discard: true }
    )
    return lost.length
  })

/** True for a run that another process may go on with. */
export const isLeased = ({ from, sql }: RunAccess): Statement.Fragment =>
  sql`EXISTS (SELECT 1 FROM ${from("leases")} WHERE leases.run_id = runs.id)`

// internal

type Sql = Access["sql"]

const none: ReadonlyArray<TakenRun> = []

/** The workers of one service are generations of their own, which differ by multiples of this. */
const generationsPerSlot = 2 ** 32

/** As a literal: numbers given as parameters are no integers for SQLite. */
const slotSize = (sql: Sql) => sql.literal(String(generationsPerSlot))

const going = (sql: Sql) => sql`status IN ('queued', 'running')`

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
const decodeEntries = decodeTo(
  EntryRow,
  ({ position, result, sequential, value, ...entry }): JournalEntry => ({
    ...entry,
    isSequential: sequential === 1,
    ...present({ result, position, value })
  })
)

/**
 * The process is alive from now on: the runs it takes may be older than the time after which it counts as dead. The token of
 * a lease decides between processes that take the same run.
 */
const taking = (
  access: RunAccess,
  generation: number,
  free: Statement.Fragment,
  at: Statement.Fragment,
  limit: number
) =>
  Effect.gen(function* () {
    const { beat, from, into, mine, runNumber, sql } = access
    const rows = yield* sql`SELECT runs.*, ${runNumber} AS number, token, recoveries, request
      FROM ${from("runs")} JOIN ${from("leases")} ON leases.run_id = runs.id
      WHERE ${free} ORDER BY runs.id LIMIT ${limit}`
    const runs = yield* Rows.decodeRuns(rows)
    const leases = yield* decodeLeases(rows)
    const taken: Array<TakenRun> = []
    for (const [index, run] of runs.entries()) {
      const lease = leases[index]
      if (lease === undefined) continue
      const token = lease.token + 1
      const recoveries = lease.generation === released ? lease.recoveries : lease.recoveries + 1
      const won = yield* sql`UPDATE ${into("leases")} SET token = ${token}, recoveries = ${recoveries}
        WHERE ${mine} AND run_id = ${run.id} AND token = ${lease.token} RETURNING run_id`
      if (won.length === 0) continue
      yield* sql`UPDATE ${into("runs")} SET generation = ${generation} WHERE ${mine} AND id = ${run.id}`
      const ref = { id: run.id, number: lease.number }
      const steps = yield* stepsByPosition(access, ref)
      const journal = yield* journalOf(access, run.id)
      const sequence = yield* lastSequence(access, ref)
      const lines = yield* lastLine(access, run.id)
      taken.push({ run: { ...run, steps }, token, recoveries, request: lease.request, sequence, lines, journal })
    }
    yield* beat(generation, at, sql`TRUE`)
    return taken
  })

const journalOf = ({ from, sql }: RunAccess, runId: string) =>
  Effect.flatMap(
    sql`SELECT ordinal, parent, kind, name, number, sequential, digest, result, failures, position, value
      FROM ${from("journal")} WHERE run_id = ${runId} ORDER BY ordinal`,
    decodeEntries
  )

const stepsByPosition = ({ from, sql, stepsOf }: RunAccess, run: RunRef) =>
  Effect.flatMap(sql`SELECT * FROM ${from("step_runs")} WHERE ${stepsOf(run)} ORDER BY number`, Rows.decodeSteps)

const lastSequence = ({ from, sql, stepsOf }: RunAccess, run: RunRef) =>
  Effect.map(
    Effect.flatMap(
      sql`SELECT max(sequence) AS sequence FROM (
        SELECT max(sequence) AS sequence FROM ${from("run_events")} WHERE run_id = ${run.id}
        UNION ALL SELECT max(started_sequence) FROM ${from("step_runs")} WHERE ${stepsOf(run)}
        UNION ALL SELECT max(finished_sequence) FROM ${from("step_runs")} WHERE ${stepsOf(run)}
      ) AS marks`,
      decodeLast
    ),
    (rows) => rows[0]?.sequence ?? 1
  )

const lastLine = ({ from, sql }: RunAccess, runId: string) =>
  Effect.map(
    Effect.flatMap(sql`SELECT max(sequence) AS sequence FROM ${from("run_logs")} WHERE run_id = ${runId}`, decodeLast),
    (rows) => rows[0]?.sequence ?? 0
  )

const signals = ({
  from,
  into,
  now,
  owner,
  read,
  sql,
  signalsAfter,
  write
}: RunAccess): Pick<DurableRuns, "signal" | "nextSignal" | "signalled"> => ({
  signal: ({ data, name, runId }) =>
    write(
      "runs.signal",
      Effect.gen(function* () {
        // The lock puts the signals of a run in the order in which they are committed.
        const [run] = yield* sql`SELECT id FROM ${from("runs")} WHERE id = ${runId} AND ${going(sql)} ${forUpdate(sql)}`
        if (run === undefined) return Option.none()
        const row = { ...owner, run_id: runId, name, at: yield* now, data: text(data) }
        const rows = yield* sql`INSERT INTO ${into("signals")} ${sql.insert(row)} RETURNING sequence`
        return Option.map(Option.fromNullable((yield* decodeSequences(rows))[0]), ({ sequence }) => sequence)
      })
    ),
  nextSignal: ({ after, name, runId }) =>
    read(
      "runs.nextSignal",
      Effect.map(
        Effect.flatMap(
          sql`SELECT sequence, data FROM ${from("signals")} WHERE run_id = ${runId} AND name = ${name}
            AND sequence > ${after} ORDER BY sequence LIMIT 1`,
          decodeSignals
        ),
        (rows) => Option.fromNullable(rows[0])
      )
    ),
  signalled: (after) => read("runs.signalled", signalsAfter(after))
})
