/**
 * What the primary and its workers say to each other. Both sides decode what arrives; what is none of these, such as what
 * a pipeline sends with `process.send`, is not for us and is passed over.
 *
 * @since 0.1.0
 */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Run } from "../../Store/RunStore.js"
import { Condition, ServiceReport, WorkerReport } from "./Report.js"

/**
 * What is asked of a worker.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Question = Schema.Union(
  /** How it is; reading it begins the measuring of its event loop anew. */
  Schema.TaggedStruct("Report", {}),
  /** To store everything its runs offered. */
  Schema.TaggedStruct("Flush", {}),
  /** A run that goes in it, with the steps it has so far. */
  Schema.TaggedStruct("Find", { runId: Schema.String })
)

/**
 * @category models
 * @since 0.1.0
 */
export type Question = typeof Question.Type

/**
 * What a worker answers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reply = Schema.Union(
  Schema.TaggedStruct("Report", { report: WorkerReport }),
  Schema.TaggedStruct("Flush", {}),
  Schema.TaggedStruct("Find", { run: Schema.optional(Run) })
)

/**
 * @category models
 * @since 0.1.0
 */
export type Reply = typeof Reply.Type

/**
 * What a worker asks its primary: the same of the whole service, or of the other workers, or for indexes of runs.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Ask = Schema.Union(Question, Schema.TaggedStruct("Indexes", {}))

/**
 * @category models
 * @since 0.1.0
 */
export type Ask = typeof Ask.Type

/**
 * Indexes of runs that are given out once: `size` of them from `first` on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Block = Schema.Struct({ first: Schema.Int, size: Schema.Int })

/**
 * @category models
 * @since 0.1.0
 */
export type Block = typeof Block.Type

/**
 * What the primary answers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Answer = Schema.Union(
  Schema.TaggedStruct("Report", { report: ServiceReport }),
  Schema.TaggedStruct("Flush", {}),
  Schema.TaggedStruct("Find", { run: Schema.optional(Run) }),
  Schema.TaggedStruct("Indexes", { block: Block })
)

/**
 * @category models
 * @since 0.1.0
 */
export type Answer = typeof Answer.Type

/**
 * From a worker to its primary.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToPrimary = Schema.Union(
  /** Its warm state is built; only the port is missing. */
  Schema.TaggedStruct("Warm", {}),
  Schema.TaggedStruct("Listening", {}),
  /** It cannot serve and ends. */
  Schema.TaggedStruct("Failed", { message: Schema.String, exitCode: Schema.Int }),
  /** How it is, without being asked. */
  Schema.TaggedStruct("Changed", { report: WorkerReport }),
  Schema.TaggedStruct("Ask", { id: Schema.Int, ask: Ask }),
  Schema.TaggedStruct("Reply", { id: Schema.Int, reply: Reply })
)

/**
 * @category models
 * @since 0.1.0
 */
export type ToPrimary = typeof ToPrimary.Type

/**
 * From the primary to a worker.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToWorker = Schema.Union(
  Schema.TaggedStruct("Listen", { host: Schema.String, port: Schema.Int }),
  Schema.TaggedStruct("Drain", { reason: Schema.String, exitCode: Schema.Int }),
  /** How it is with the service, as every worker answers it. */
  Schema.TaggedStruct("Service", { condition: Condition }),
  Schema.TaggedStruct("Question", { id: Schema.Int, question: Question }),
  Schema.TaggedStruct("Answer", { id: Schema.Int, answer: Answer })
)

/**
 * @category models
 * @since 0.1.0
 */
export type ToWorker = typeof ToWorker.Type

/**
 * @category encoding
 * @since 0.1.0
 */
export const encodeToPrimary = (message: ToPrimary): object => ({ [envelope]: toPrimary.encode(message) })

/**
 * @category encoding
 * @since 0.1.0
 */
export const decodeToPrimary = (value: unknown): Option.Option<ToPrimary> => toPrimary.decode(opened(value))

/**
 * @category encoding
 * @since 0.1.0
 */
export const encodeToWorker = (message: ToWorker): object => ({ [envelope]: toWorker.encode(message) })

/**
 * @category encoding
 * @since 0.1.0
 */
export const decodeToWorker = (value: unknown): Option.Option<ToWorker> => toWorker.decode(opened(value))

// internal

const envelope = "effect-deployers"

const codec = <A, I>(schema: Schema.Schema<A, I>) => ({
  encode: Schema.encodeSync(schema),
  decode: Schema.decodeUnknownOption(schema)
})

const toPrimary = codec(ToPrimary)
const toWorker = codec(ToWorker)

const opened = (value: unknown): unknown =>
  typeof value === "object" && value !== null && envelope in value ? value[envelope] : undefined
