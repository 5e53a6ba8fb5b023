/**
 * What happens in a run, one event after the other: while it goes, and told again from its record when it has ended.
 *
 * @since 0.1.0
 */
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { Cause, Run, type RunStatus, StepRun } from "./RunRecord.js"

const { error, executionTimeMillis, finishedAt, outputs } = Run.fields

/**
 * The run left the queue, or never waited.
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
 * A call of a step began.
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
 * What the pipeline published.
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
 * The run ended; nothing comes after it.
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
    error
  })
})

/**
 * Everything that can be heard of a run while it goes, told apart by `event`. `sequence` counts from 1 within the run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunEvent = Schema.Union(RunStarted, StepStarted, StepFinished, Message, RunFinished)

/**
 * @category models
 * @since 0.1.0
 */
export type RunEvent = typeof RunEvent.Type

/**
 * A message a run published, as the store has it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Published {
  readonly sequence: number
  readonly data: unknown
}

/**
 * Whether a run can still change.
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
 * The event of what was published.
 *
 * @category constructors
 * @since 0.1.0
 */
export const message = ({ data, sequence }: Published): RunEvent => ({ sequence, event: "message", data })

/**
 * The event of a run that ended.
 *
 * @category constructors
 * @since 0.1.0
 */
export const finished = (
  { cause, error, executionTimeMillis, finishedAt, id, outputs, status }: Run,
  sequence: number
): RunEvent => ({
  sequence,
  event: "run_finished",
  data: { runId: id, status, ...present({ cause, finishedAt, executionTimeMillis, outputs, error }) }
})

/**
 * Everything that has happened in a run so far, in the order and with the positions it had while it happened. What a
 * record has no position of, because it is older or the process died meanwhile, is left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofRun = (run: Run, published: ReadonlyArray<Published>): ReadonlyArray<RunEvent> => {
  if (run.status === "queued") return []
  const events = [started(run), ...published.map(message)]
  for (const step of run.steps ?? []) {
    if (step.startedSequence !== undefined) events.push(stepStarted(step, step.startedSequence))
    if (step.finishedSequence !== undefined) events.push(stepFinished(step, step.finishedSequence))
  }
  events.sort(bySequence)
  const last = events.at(-1)?.sequence ?? firstSequence
  return isGoing(run.status) ? events : [...events, finished(run, last + 1)]
}

// internal

const bySequence = Order.mapInput(Order.number, ({ sequence }: RunEvent) => sequence)

/** Only what is there: an absent member and one that is `undefined` are not the same to who compares events. */
const present = <A extends object>(members: A): { [K in keyof A]: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never
