/**
 * What the primary and its workers say to each other. Both sides decode what arrives; what is none of these, such as what
 * a pipeline sends with `process.send`, is not for us and is passed over.
 */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Run } from "../../Store/RunStore.js"
import * as Report from "./Report.js"

/** Makes the schemas of all messages, when they are first needed, as {@link Report.makeSchemas}. */
export const makeSchemas = () => {
  const { condition, serviceReport, workerReport } = Report.makeSchemas()
  const found = Schema.TaggedStruct("Find", { run: Schema.optional(Run) })
  const flushed = Schema.TaggedStruct("Flush", {})
  const cancelled = Schema.TaggedStruct("Cancel", { isFound: Schema.Boolean })
  const block = Schema.Struct({ first: Schema.Int, size: Schema.Int })
  const question = Schema.Union(
    // How it is; reading it begins the measuring of its event loop anew.
    Schema.TaggedStruct("Report", {}),
    // To store everything its runs offered.
    Schema.TaggedStruct("Flush", {}),
    // A run that goes in it, with the steps it has so far.
    Schema.TaggedStruct("Find", { runId: Schema.String }),
    // To interrupt a run that goes in it, because somebody cancelled it.
    Schema.TaggedStruct("Cancel", { runId: Schema.String })
  )
  const reply = Schema.Union(Schema.TaggedStruct("Report", { report: workerReport }), flushed, found, cancelled)
  const ask = Schema.Union(question, Schema.TaggedStruct("Indexes", {}))
  const answer = Schema.Union(
    Schema.TaggedStruct("Report", { report: serviceReport }),
    flushed,
    found,
    cancelled,
    Schema.TaggedStruct("Indexes", { block })
  )
  return {
    question,
    reply,
    ask,
    block,
    answer,
    toPrimary: Schema.Union(
      // Its warm state is built; only the port is missing.
      Schema.TaggedStruct("Warm", {}),
      Schema.TaggedStruct("Listening", {}),
      // It cannot serve and ends.
      Schema.TaggedStruct("Failed", { message: Schema.String, exitCode: Schema.Int }),
      // How it is, without being asked.
      Schema.TaggedStruct("Changed", { report: workerReport }),
      Schema.TaggedStruct("Ask", { id: Schema.Int, ask }),
      Schema.TaggedStruct("Reply", { id: Schema.Int, reply })
    ),
    toWorker: Schema.Union(
      Schema.TaggedStruct("Listen", { host: Schema.String, port: Schema.Int }),
      Schema.TaggedStruct("Drain", { reason: Schema.String, exitCode: Schema.Int }),
      // How it is with the service, as every worker answers it.
      Schema.TaggedStruct("Service", { condition }),
      Schema.TaggedStruct("Question", { id: Schema.Int, question }),
      Schema.TaggedStruct("Answer", { id: Schema.Int, answer })
    )
  }
}

type Schemas = ReturnType<typeof makeSchemas>

/** What is asked of a worker. */
export type Question = Schemas["question"]["Type"]

/** What a worker answers. */
export type Reply = Schemas["reply"]["Type"]

/** What a worker asks its primary: the same of the whole service, or of the other workers, or for indexes of runs. */
export type Ask = Schemas["ask"]["Type"]

/** Indexes of runs that are given out once: `size` of them from `first` on. */
export type Block = Schemas["block"]["Type"]

/** What the primary answers. */
export type Answer = Schemas["answer"]["Type"]

/** From a worker to its primary. */
export type ToPrimary = Schemas["toPrimary"]["Type"]

/** From the primary to a worker. */
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
