/**
 * The messages between the primary and its workers. Both sides decode every message and ignore others, such as those that
 * a pipeline sends with `process.send`.
 */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Issue } from "../../Errors/Issue.js"
import { Run } from "../../Store/RunStore.js"
import * as Report from "../Run/Metrics/Report.js"

/** Makes the schemas of all messages. They are made at first use, like those of {@link Report.makeSchemas}. */
export const makeSchemas = () => {
  const { condition, serviceReport, workerReport } = Report.makeSchemas()
  const found = Schema.TaggedStruct("Find", { run: Schema.optional(Run) })
  const flushed = Schema.TaggedStruct("Flush", {})
  const storing = Schema.TaggedStruct("StoreSteps", {})
  const cancelled = Schema.TaggedStruct("Cancel", { isFound: Schema.Boolean })
  const checked = Schema.TaggedStruct("CheckSignal", { issues: Schema.optional(Schema.Array(Issue)) })
  const block = Schema.Struct({ first: Schema.Int, size: Schema.Int })
  const question = Schema.Union(
    // Asks for the worker's report. A report resets the measurement of the event loop.
    Schema.TaggedStruct("Report", {}),
    // Asks the worker to store its pending records.
    Schema.TaggedStruct("Flush", {}),
    // Asks for a run in progress, with the steps it has so far.
    Schema.TaggedStruct("Find", { runId: Schema.String }),
    // Asks the worker to store the steps of a run as they start and end.
    Schema.TaggedStruct("StoreSteps", { runId: Schema.String }),
    // Asks the worker to cancel a run.
    Schema.TaggedStruct("Cancel", { runId: Schema.String }),
    // Asks whether the body of a signal fits the wait of a run, if the run waits in the worker.
    Schema.TaggedStruct("CheckSignal", { runId: Schema.String, name: Schema.String, data: Schema.Unknown })
  )
  const reply = Schema.Union(
    Schema.TaggedStruct("Report", { report: workerReport }),
    flushed,
    found,
    storing,
    cancelled,
    checked
  )
  const ask = Schema.Union(question, Schema.TaggedStruct("Indexes", {}))
  const answer = Schema.Union(
    Schema.TaggedStruct("Report", { report: serviceReport }),
    flushed,
    found,
    storing,
    cancelled,
    checked,
    Schema.TaggedStruct("Indexes", { block })
  )
  return {
    question,
    reply,
    ask,
    block,
    answer,
    toPrimary: Schema.Union(
      // The warm state of the worker is built; only the port is missing.
      Schema.TaggedStruct("Warm", {}),
      Schema.TaggedStruct("Listening", {}),
      // The worker has taken the connection that it got.
      Schema.TaggedStruct("Taken", {}),
      // The worker cannot serve and ends.
      Schema.TaggedStruct("Failed", { message: Schema.String, exitCode: Schema.Int }),
      // The report of the worker has changed.
      Schema.TaggedStruct("Changed", { report: workerReport }),
      Schema.TaggedStruct("Ask", { id: Schema.Int, ask }),
      Schema.TaggedStruct("Reply", { id: Schema.Int, reply })
    ),
    toWorker: Schema.Union(
      Schema.TaggedStruct("Listen", { host: Schema.String, port: Schema.Int }),
      // Comes with a connection of the door.
      Schema.TaggedStruct("Connection", {}),
      // The door leads to another version. No connection follows.
      Schema.TaggedStruct("Leave", {}),
      Schema.TaggedStruct("Drain", { reason: Schema.String, exitCode: Schema.Int }),
      // The condition of the service, which every worker answers.
      Schema.TaggedStruct("Service", { condition }),
      Schema.TaggedStruct("Question", { id: Schema.Int, question }),
      Schema.TaggedStruct("Answer", { id: Schema.Int, answer })
    )
  }
}

type Schemas = ReturnType<typeof makeSchemas>

/** A question of the primary to a worker. */
export type Question = Schemas["question"]["Type"]

/** The reply of a worker. */
export type Reply = Schemas["reply"]["Type"]

/** A question of a worker to its primary: about the service, about the other workers, or for run indexes. */
export type Ask = Schemas["ask"]["Type"]

/** A block of run indexes: `size` of them, beginning with `first`. */
export type Block = Schemas["block"]["Type"]

/** The answer of the primary. */
export type Answer = Schemas["answer"]["Type"]

/** A message of a worker to its primary. */
export type ToPrimary = Schemas["toPrimary"]["Type"]

/** A message of the primary to a worker. */
export type ToWorker = Schemas["toWorker"]["Type"]

export const encodeToPrimary = (message: ToPrimary): object => ({ [envelope]: coders().toPrimary.encode(message) })

export const decodeToPrimary = (value: unknown): Option.Option<ToPrimary> => coders().toPrimary.decode(opened(value))

export const encodeToWorker = (message: ToWorker): object => ({ [envelope]: coders().toWorker.encode(message) })

export const decodeToWorker = (value: unknown): Option.Option<ToWorker> => coders().toWorker.decode(opened(value))

// internal

const envelope = "effect-deployers"

const coderOf = <A, I>(schema: Schema.Schema<A, I>) => ({
  encode: Schema.encodeSync(schema),
  decode: Schema.decodeUnknownOption(schema)
})

const makeCoders = () => {
  const { toPrimary, toWorker } = makeSchemas()
  return { toPrimary: coderOf(toPrimary), toWorker: coderOf(toWorker) }
}

let made: ReturnType<typeof makeCoders> | undefined

const coders = () => {
  made ??= makeCoders()
  return made
}

const opened = (value: unknown): unknown =>
  typeof value === "object" && value !== null && envelope in value ? value[envelope] : undefined
