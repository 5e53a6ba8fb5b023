/** The events of a run, read in pages: positions and sizes first, so that a page never holds more than it may. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as RunEvent from "../../Contract/RunEvent.js"
import { decodeRows, Integer } from "../Database/Columns.js"
import { type EventPage, type Run, RunStatus, type RunStore, type StepRun } from "../RunStore.js"
import * as Rows from "./RunRows.js"
import type { RunAccess, RunRef } from "./RunTables.js"

/** Most events of a page between the start and the end of the run. */
export const maxEvents = 256

/** Most bytes of a page's data between the start and the end of the run, besides those of its first event. */
export const maxBytes = 262_144

/** Makes the part of a run store that reads events. */
export const make = (access: RunAccess): Pick<RunStore["Type"], "events"> => ({
  events: ({ after, runId }) =>
    access.read(
      "runs.events",
      Effect.gen(function* () {
        const { from, runNumber, sql } = access
        const [head] = yield* decodeHeads(
          yield* sql`SELECT ${runNumber} AS number, status FROM ${from("runs")} WHERE id = ${runId}`
        )
        if (head === undefined) return Option.none()
        const { number, status } = head
        if (status === "queued") return Option.some({ status, events: [], isLast: false })
        const place = { id: runId, number }
        const found = yield* marksAfter(access, place, after)
        const marks = fitting(found)
        const isComplete = !RunEvent.isGoing(status) && marks.length === found.length
        const first = after < RunEvent.firstSequence ? yield* ofRun(access, runId, RunEvent.started) : []
        const between = yield* eventsOf(access, place, marks)
        const last = isComplete ? yield* endAfter(access, place, after) : []
        return Option.some<EventPage>({ status, events: [...first, ...between, ...last], isLast: isComplete })
      })
    )
})

// internal

/** A position, the kind of its event, the number of its step, and the size of its data. */
const Mark = Schema.Struct({
  sequence: Integer,
  kind: Schema.Literal("message", "started", "finished"),
  number: Integer,
  bytes: Integer
})

type Mark = typeof Mark.Type

const decodeHeads = decodeRows(Schema.Struct({ number: Integer, status: RunStatus }))
const decodeMarks = decodeRows(Mark)
const decodeStepNumbers = decodeRows(Schema.Struct({ number: Integer }))
const decodeLast = decodeRows(Schema.Struct({ sequence: Schema.NullOr(Integer) }))

const marksAfter = ({ from, sql, stepsOf }: RunAccess, place: RunRef, after: number) =>
  Effect.flatMap(
    sql`SELECT sequence, kind, number, bytes FROM (
      SELECT sequence, 'message' AS kind, 0 AS number, octet_length(data) AS bytes
        FROM ${from("run_events")} WHERE run_id = ${place.id} AND sequence > ${after}
      UNION ALL SELECT started_sequence, 'started', number, 0
        FROM ${from("step_runs")} WHERE ${stepsOf(place)} AND started_sequence > ${after}
      UNION ALL SELECT finished_sequence, 'finished', number,
          coalesce(octet_length(outputs), 0) + coalesce(octet_length(error), 0)
        FROM ${from("step_runs")} WHERE ${stepsOf(place)} AND finished_sequence > ${after}
    ) AS marks ORDER BY sequence LIMIT ${maxEvents + 1}`,
    decodeMarks
  )

/** The marks that fit into a page. The first one always does. */
const fitting = (marks: ReadonlyArray<Mark>): ReadonlyArray<Mark> => {
  let bytes = 0
  const tooMany = marks.findIndex((mark, index) => {
    bytes += mark.bytes
    return index > 0 && (index === maxEvents || bytes > maxBytes)
  })
  return tooMany === -1 ? marks : marks.slice(0, tooMany)
}

/** The event that a function makes of the run; none if the run was removed meanwhile. */
const ofRun = ({ from, sql }: RunAccess, runId: string, event: (run: Run) => RunEvent.RunEvent) =>
  Effect.map(Effect.flatMap(sql`SELECT * FROM ${from("runs")} WHERE id = ${runId}`, Rows.decodeRuns), (runs) =>
    runs.map(event)
  )

const eventsOf = (access: RunAccess, place: RunRef, marks: ReadonlyArray<Mark>) =>
  Effect.gen(function* () {
    const messages = yield* messagesOf(access, place, marks)
    const started = yield* startsOf(access, place, marks)
    const finished = yield* endsOf(access, place, marks)
    return marks.flatMap(({ kind, number, sequence }): ReadonlyArray<RunEvent.RunEvent> => {
      if (kind === "message") return messages.get(sequence) ?? []
      const step = (kind === "started" ? started : finished).get(number)
      if (step === undefined) return []
      return [kind === "started" ? RunEvent.stepStarted(step, sequence) : RunEvent.stepFinished(step, sequence)]
    })
  })

const messagesOf = ({ from, sql }: RunAccess, { id }: RunRef, marks: ReadonlyArray<Mark>) => {
  const sequences = marks.filter(({ kind }) => kind === "message").map(({ sequence }) => sequence)
  const [first, last] = [sequences[0], sequences.at(-1)]
  if (first === undefined || last === undefined) return Effect.succeed(new Map<number, [RunEvent.RunEvent]>())
  return sql`SELECT sequence, data, kind FROM ${from("run_events")} WHERE run_id = ${id} AND sequence BETWEEN ${first} AND ${last}`.pipe(
    Effect.flatMap(Rows.decodeMessages),
    Effect.map((messages) => new Map(messages.map((message) => [message.sequence, [RunEvent.message(message)]])))
  )
}

/** Their outputs, which may be large, are no part of the event. */
const startsOf = ({ from, sql, stepsOf }: RunAccess, place: RunRef, marks: ReadonlyArray<Mark>) =>
  stepsByNumber(
    marks,
    "started",
    (numbers) =>
      sql`SELECT number, name, status, attempts, NULL AS outputs, NULL AS error, started_at, finished_at, execution_millis,
      started_sequence, finished_sequence FROM ${from("step_runs")} WHERE ${stepsOf(place)} AND ${sql.in("number", numbers)}`
  )

const endsOf = ({ from, sql, stepsOf }: RunAccess, place: RunRef, marks: ReadonlyArray<Mark>) =>
  stepsByNumber(
    marks,
    "finished",
    (numbers) => sql`SELECT * FROM ${from("step_runs")} WHERE ${stepsOf(place)} AND ${sql.in("number", numbers)}`
  )

const stepsByNumber = <E>(
  marks: ReadonlyArray<Mark>,
  kind: Mark["kind"],
  select: (numbers: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<unknown>, E>
) => {
  const numbers = marks.filter((mark) => mark.kind === kind).map(({ number }) => number)
  if (numbers.length === 0) return Effect.succeed(new Map<number, StepRun>())
  return Effect.gen(function* () {
    const rows = yield* select(numbers)
    const steps = yield* Rows.decodeSteps(rows)
    const found = yield* decodeStepNumbers(rows)
    return new Map(steps.flatMap((step, index) => found.slice(index, index + 1).map(({ number }) => [number, step])))
  })
}

/** The end follows every other event of the run. */
const endAfter = (access: RunAccess, place: RunRef, after: number) =>
  Effect.gen(function* () {
    const { from, sql, stepsOf } = access
    const [last] = yield* decodeLast(
      yield* sql`SELECT max(sequence) AS sequence FROM (
        SELECT max(sequence) AS sequence FROM ${from("run_events")} WHERE run_id = ${place.id}
        UNION ALL SELECT max(started_sequence) FROM ${from("step_runs")} WHERE ${stepsOf(place)}
        UNION ALL SELECT max(finished_sequence) FROM ${from("step_runs")} WHERE ${stepsOf(place)}
      ) AS marks`
    )
    const sequence = (last?.sequence ?? RunEvent.firstSequence) + 1
    return sequence > after ? yield* ofRun(access, place.id, (run) => RunEvent.finished(run, sequence)) : []
  })
