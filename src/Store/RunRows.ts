/**
 * Runs as rows and back.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import {
  type Decode,
  decodeRows,
  decodeTo,
  Json,
  OptionalJson,
  OptionalNumber,
  OptionalTime,
  present,
  Time
} from "./Columns.js"
import { textOf } from "./EncodedJson.js"
import { Cause, type Run, RunStatus, type RunWrite, StepRun } from "./RunStore.js"

const RunRow = Schema.Struct({
  id: Schema.String,
  idx: Schema.Int,
  name: Schema.String,
  status: RunStatus,
  cause: Schema.OptionFromNullOr(Cause),
  parameters: Json,
  outputs: OptionalJson,
  error: OptionalJson,
  started_at: Time,
  finished_at: OptionalTime,
  execution_millis: OptionalNumber
})

const StepRow = Schema.Struct({
  name: Schema.String,
  status: StepRun.fields.status,
  attempts: Schema.Int,
  outputs: OptionalJson,
  error: OptionalJson,
  started_at: Time,
  finished_at: OptionalTime,
  execution_millis: OptionalNumber
})

const MessageRow = Schema.Struct({ sequence: Schema.Int, at: Schema.Number, data: Json })
const TotalRow = Schema.Struct({ name: Schema.String, value: Schema.Int })

type Columns<Row extends Schema.Schema.AnyNoContext> = Schema.Schema.Encoded<Row>

/**
 * @category models
 * @since 0.1.0
 */
export type RunColumns = Columns<typeof RunRow>

/**
 * @category models
 * @since 0.1.0
 */
export type StepColumns = Columns<typeof StepRow> & { readonly run_id: string; readonly position: number }

/**
 * @category models
 * @since 0.1.0
 */
export type MessageColumns = Columns<typeof MessageRow> & { readonly run_id: string }

/**
 * A batch as rows, each run once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch {
  readonly runs: ReadonlyArray<RunColumns>
  /** By run id. */
  readonly steps: ReadonlyMap<string, ReadonlyArray<StepColumns>>
  readonly messages: ReadonlyArray<MessageColumns>
}

const text = (value: unknown): string => textOf(value) ?? "null"
const optionalText = (value: unknown): string | null => (value === undefined ? null : text(value))
const millis = (time: DateTime.Utc): number => Math.trunc(DateTime.toEpochMillis(time))
const optionalMillis = (time: DateTime.Utc | undefined): number | null => (time === undefined ? null : millis(time))

const encodeRun = (run: Run): RunColumns => ({
  id: run.id,
  idx: run.index,
  name: run.name,
  status: run.status,
  cause: run.cause ?? null,
  parameters: text(run.parameters),
  outputs: optionalText(run.outputs),
  error: optionalText(run.error),
  started_at: millis(run.startedAt),
  finished_at: optionalMillis(run.finishedAt),
  execution_millis: run.executionTimeMillis ?? null
})

const encodeStep = (runId: string, step: StepRun, position: number): StepColumns => ({
  run_id: runId,
  position,
  name: step.name,
  status: step.status,
  attempts: step.attempts,
  outputs: optionalText(step.outputs),
  error: optionalText(step.error),
  started_at: millis(step.startedAt),
  finished_at: optionalMillis(step.finishedAt),
  execution_millis: step.executionTimeMillis ?? null
})

const hasEnded = (run: Run): boolean => run.status !== "queued" && run.status !== "running"

/** The last write of each run counts, up to the first that ended it. */
const latest = (batch: ReadonlyArray<RunWrite>): ReadonlyMap<string, Run> => {
  const runs = new Map<string, Run>()
  for (const write of batch) {
    if (write._tag !== "Run") continue
    const before = runs.get(write.run.id)
    if (before === undefined || !hasEnded(before)) runs.set(write.run.id, write.run)
  }
  return runs
}

/**
 * Throws what `JSON.stringify` throws for values that are no JSON.
 *
 * @category converting
 * @since 0.1.0
 */
export const encodeBatch = (batch: ReadonlyArray<RunWrite>): Batch => {
  const runs = Array.from(latest(batch).values())
  return {
    runs: runs.map(encodeRun),
    steps: new Map(runs.map((run) => [run.id, (run.steps ?? []).map((step, i) => encodeStep(run.id, step, i))])),
    messages: batch.flatMap((write) =>
      write._tag === "Message"
        ? [{ run_id: write.runId, sequence: write.sequence, at: Math.trunc(write.at), data: text(write.data) }]
        : []
    )
  }
}

const toRun = ({
  cause,
  error,
  execution_millis,
  finished_at,
  idx,
  outputs,
  started_at,
  ...row
}: typeof RunRow.Type): Run => ({
  ...row,
  index: idx,
  startedAt: started_at,
  ...present({ cause, outputs, error, finishedAt: finished_at, executionTimeMillis: execution_millis })
})

const toStep = ({
  error,
  execution_millis,
  finished_at,
  outputs,
  started_at,
  ...row
}: typeof StepRow.Type): StepRun => ({
  ...row,
  startedAt: started_at,
  ...present({ outputs, error, finishedAt: finished_at, executionTimeMillis: execution_millis })
})

/**
 * @category converting
 * @since 0.1.0
 */
export const decodeRuns: Decode<Run> = decodeTo(RunRow, toRun)

/**
 * @category converting
 * @since 0.1.0
 */
export const decodeSteps: Decode<StepRun> = decodeTo(StepRow, toStep)

/**
 * @category converting
 * @since 0.1.0
 */
export const decodeMessages: Decode<typeof MessageRow.Type> = decodeRows(MessageRow)

/**
 * @category converting
 * @since 0.1.0
 */
export const decodeTotals: Decode<typeof TotalRow.Type> = decodeRows(TotalRow)
