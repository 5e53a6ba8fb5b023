/** The events of a run, from the running run or from its record. */
import * as Schema from "effect/Schema"
import { Cause, Run, type RunStatus, StepRun } from "./RunRecord.js"

const { error, executionTimeMillis, finishedAt, outputs, response } = Run.fields

/**
 * The run started.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunStarted = Schema.Struct({
  sequence: Schema.Int,
  event: Schema.Literal("run_started"),
  data: Schema.Struct({
    runId: Run.fields.id,
    runIndex: Run.fields.index,
    runName: Run.fields.name,
    parameters: Run.fields.parameters,
    startedAt: Run.fields.startedAt
  })
})

/**
 * A call of a step started.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StepStarted = Schema.Struct({
  sequence: Schema.Int,
  event: Schema.Literal("step_started"),
  data: Schema.Struct({ step: StepRun.fields.name, startedAt: StepRun.fields.startedAt })
})

/**
 * A call of a step ended.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StepFinished = Schema.Struct({
  sequence: Schema.Int,
  event: Schema.Literal("step_finished"),
  data: Schema.Struct({
    step: StepRun.fields.name,
    status: StepRun.fields.status,
    attempts: StepRun.fields.attempts,
    finishedAt,
    executionTimeMillis,
    outputs,
    error
  })
})

/**
 * A message that the pipeline published.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Message = Schema.Struct({
  sequence: Schema.Int,
  event: Schema.Literal("message"),
  data: Schema.Unknown
})

/**
 * An element of the outputs, of a pipeline that streams.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Element = Schema.Struct({
  sequence: Schema.Int,
  event: Schema.Literal("element"),
  data: Schema.Unknown
})

/**
 * The run ended. No event follows.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunFinished = Schema.Struct({
  sequence: Schema.Int,
  event: Schema.Literal("run_finished"),
  data: Schema.Struct({
    runId: Run.fields.id,
    status: Run.fields.status,
    cause: Schema.optional(Cause),
    finishedAt,
    executionTimeMillis,
    outputs,
    error,
    response
  })
})

/**
 * An event of a run, discriminated by `event`. `sequence` counts from 1 within the run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunEvent = Schema.Union(RunStarted, StepStarted, StepFinished, Message, Element, RunFinished)

export type RunEvent = typeof RunEvent.Type

/**
 * A published message of a run, or an element of its outputs, as the store contains it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Published {
  readonly sequence: number
  readonly data: unknown
  /** Default `message`. */
  readonly kind?: PublishedKind | undefined
}

/**
 * The kinds of events that a pipeline makes itself.
 *
 * @category models
 * @since 0.2.0
 */
export type PublishedKind = "message" | "element"

/**
 * True for a run that is queued or running.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isGoing = (status: RunStatus): boolean => status === "queued" || status === "running"

/**
 * The position of a run's start among its events.
 *
 * @category constants
 * @since 0.1.0
 */
export const firstSequence = 1

/**
 * The event of a run that starts.
 *
 * @category constructors
 * @since 0.1.0
 */
export const started = ({ id, index, name, parameters, startedAt }: Run): RunEvent => ({
  sequence: firstSequence,
  event: "run_started",
  data: { runId: id, runIndex: index, runName: name, parameters, startedAt }
})

/**
 * The event of a step that starts.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stepStarted = ({ name, startedAt }: StepRun, sequence: number): RunEvent => ({
  sequence,
  event: "step_started",
  data: { step: name, startedAt }
})

/**
 * The event of a step that ended.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stepFinished = (
  { attempts, error, executionTimeMillis, finishedAt, name, outputs, status }: StepRun,
  sequence: number
): RunEvent => ({
  sequence,
  event: "step_finished",
  data: { step: name, status, attempts, ...present({ finishedAt, executionTimeMillis, outputs, error }) }
})

/**
 * The event of a published message, or of an element of the outputs.
 *
 * @category constructors
 * @since 0.1.0
 */
export const message = ({ data, kind = "message", sequence }: Published): RunEvent => ({ sequence, event: kind, data })

/**
 * The event of a run that ended. Its position follows every other event of the run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const finished = (
  { cause, error, executionTimeMillis, finishedAt, id, outputs, response, status }: Run,
  sequence: number
): RunEvent => ({
  sequence,
  event: "run_finished",
  data: { runId: id, status, ...present({ cause, finishedAt, executionTimeMillis, outputs, error, response }) }
})

// internal

/** The members with a value: for a comparison of events, an absent member differs from one that is `undefined`. */
const present = <A extends object>(members: A): { [K in keyof A]: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never
