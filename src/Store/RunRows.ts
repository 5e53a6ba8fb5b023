/** Rows as runs. */
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
import { Cause, type Run, RunStatus, StepRun } from "./RunStore.js"

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
  execution_millis: OptionalNumber,
  started_sequence: OptionalNumber,
  finished_sequence: OptionalNumber
})

const MessageRow = Schema.Struct({ sequence: Schema.Int, at: Schema.Number, data: Json })
const IdRow = Schema.Struct({ run_id: Schema.String })
const NumberRow = Schema.Struct({ number: Schema.Int })
const TotalRow = Schema.Struct({ name: Schema.String, value: Schema.Int })

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
  finished_sequence,
  outputs,
  started_at,
  started_sequence,
  ...row
}: typeof StepRow.Type): StepRun => ({
  ...row,
  startedAt: started_at,
  ...present({
    outputs,
    error,
    finishedAt: finished_at,
    executionTimeMillis: execution_millis,
    startedSequence: started_sequence,
    finishedSequence: finished_sequence
  })
})

export const decodeRuns: Decode<Run> = decodeTo(RunRow, toRun)

export const decodeSteps: Decode<StepRun> = decodeTo(StepRow, toStep)

export const decodeMessages: Decode<typeof MessageRow.Type> = decodeRows(MessageRow)

export const decodeIds: Decode<string> = decodeTo(IdRow, ({ run_id }) => run_id)

/** The numbers of runs within their store. */
export const decodeNumbers: Decode<number> = decodeTo(NumberRow, ({ number }) => number)

export const decodeTotals: Decode<typeof TotalRow.Type> = decodeRows(TotalRow)
