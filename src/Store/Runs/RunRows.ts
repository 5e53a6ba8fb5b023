/** Rows as runs. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Published } from "../../Contract/RunEvent.js"
import { RunResponse } from "../../Contract/RunRecord.js"
import {
  type Decode,
  decodeRows,
  decodeTo,
  EncodedText,
  Integer,
  Json,
  OptionalJson,
  OptionalNumber,
  OptionalText,
  OptionalTime,
  present,
  Time
} from "../Database/Columns.js"
import { Cause, type FindOptions, type Run, RunStatus, type RunSummary, StepRun } from "../RunStore.js"
import type { RunRef } from "./RunTables.js"

const SummaryRow = Schema.Struct({
  id: Schema.String,
  idx: Integer,
  name: Schema.String,
  status: RunStatus,
  cause: Schema.OptionFromNullOr(Cause),
  session: OptionalText,
  started_at: Time,
  finished_at: OptionalTime,
  execution_millis: OptionalNumber
})

const runFields = {
  ...SummaryRow.fields,
  response: Schema.compose(OptionalText, Schema.OptionFromSelf(Schema.parseJson(RunResponse)))
}

const parsedData = { outputs: OptionalJson, error: OptionalJson }

const encodedData = {
  outputs: Schema.OptionFromNullOr(EncodedText),
  error: Schema.OptionFromNullOr(EncodedText)
}

const RunRow = Schema.Struct({ ...runFields, ...parsedData, parameters: Json })

const EncodedRunRow = Schema.Struct({ ...runFields, ...encodedData, parameters: EncodedText })

const stepFields = {
  name: Schema.String,
  status: StepRun.fields.status,
  attempts: Integer,
  started_at: Time,
  finished_at: OptionalTime,
  execution_millis: OptionalNumber,
  started_sequence: OptionalNumber,
  finished_sequence: OptionalNumber,
  // Not of every query.
  digest: Schema.optional(Schema.NullOr(Schema.String)),
  bytes: Schema.optional(Schema.NullOr(Integer)),
  from_run: Schema.optional(Schema.NullOr(Schema.String)),
  from_step: Schema.optional(Schema.NullOr(Schema.String)),
  input_digest: Schema.optional(Schema.NullOr(Schema.String))
}

const StepRow = Schema.Struct({ ...stepFields, ...parsedData })

const EncodedStepRow = Schema.Struct({ ...stepFields, ...encodedData })

const MessageRow = Schema.Struct({ sequence: Integer, data: Json, kind: Schema.NullOr(Schema.Literal("element")) })
const IdRow = Schema.Struct({ run_id: Schema.String })
const NumberRow = Schema.Struct({ number: Integer })
const TotalRow = Schema.Struct({ name: Schema.String, value: Integer })

const toSummary = ({
  cause,
  execution_millis,
  finished_at,
  id,
  idx,
  name,
  session,
  started_at,
  status
}: typeof SummaryRow.Type): RunSummary => ({
  id,
  index: idx,
  name,
  status,
  startedAt: started_at,
  ...present({ cause, session, finishedAt: finished_at, executionTimeMillis: execution_millis })
})

const toRun = ({
  error,
  outputs,
  parameters,
  response,
  ...row
}: typeof RunRow.Type | typeof EncodedRunRow.Type): Run => ({
  ...toSummary(row),
  parameters,
  ...present({ outputs, error, response })
})

const toStep = ({
  bytes,
  digest,
  error,
  execution_millis,
  finished_at,
  finished_sequence,
  from_run,
  from_step,
  input_digest,
  outputs,
  started_at,
  started_sequence,
  ...row
}: typeof StepRow.Type | typeof EncodedStepRow.Type): StepRun => ({
  ...row,
  startedAt: started_at,
  ...present({
    outputs,
    error,
    artifact: Option.zipWith(Option.fromNullable(digest), Option.fromNullable(bytes), (digest, bytes) => ({
      digest,
      bytes
    })),
    cachedFrom: Option.zipWith(Option.fromNullable(from_run), Option.fromNullable(from_step), (runId, step) => ({
      runId,
      step
    })),
    inputDigest: Option.fromNullable(input_digest),
    finishedAt: finished_at,
    executionTimeMillis: execution_millis,
    startedSequence: started_sequence,
    finishedSequence: finished_sequence
  })
})

export const decodeSummaries: Decode<RunSummary> = decodeTo(SummaryRow, toSummary)

export const decodeRuns: Decode<Run> = decodeTo(RunRow, toRun)

export const decodeSteps: Decode<StepRun> = decodeTo(StepRow, toStep)

/** Decodes runs and steps whose JSON is parsed, or stays the text that it is. */
export const decodersOf = ({ values = "parsed" }: FindOptions): Decoders => decoders[values]

export const decodeMessages: Decode<Published> = decodeTo(MessageRow, ({ kind, ...row }) => ({
  ...row,
  kind: kind ?? "message"
}))

export const decodeIds: Decode<string> = decodeTo(IdRow, ({ run_id }) => run_id)

/** Runs as their steps refer to them. */
export const decodeRefs: Decode<RunRef> = decodeRows(Schema.Struct({ id: Schema.String, number: Integer }))

/** The numbers of runs within their store. */
export const decodeNumbers: Decode<number> = decodeTo(NumberRow, ({ number }) => number)

export const decodeTotals: Decode<typeof TotalRow.Type> = decodeRows(TotalRow)

// internal

interface Decoders {
  readonly runs: Decode<Run>
  readonly steps: Decode<StepRun>
}

const decoders: { readonly [Values in NonNullable<FindOptions["values"]>]: Decoders } = {
  parsed: { runs: decodeRuns, steps: decodeSteps },
  encoded: { runs: decodeTo(EncodedRunRow, toRun), steps: decodeTo(EncodedStepRow, toStep) }
}
