/**
 * Messages of a Redis stream for a trigger.
 *
 * A consumer group gives each message to one consumer and keeps it as pending until it is taken. A message whose consumer is
 * gone has been pending for a while, and another consumer claims it then. So each message is delivered at least once; its id
 * is that of its run, so a message that is delivered again has one run.
 */
import { randomUUID } from "node:crypto"
import { Config, Context, Data, Effect, Layer, Option, Schema, Stream } from "effect"
import type { Pipeline } from "effect-deployers"
import { Redis } from "ioredis"

/** A command that Redis did not execute. */
export class RedisFailed extends Data.TaggedError("RedisFailed")<{
  readonly command: string
  readonly cause: unknown
}> {}

type Send = (command: string, ...args: ReadonlyArray<string | number>) => Effect.Effect<unknown, RedisFailed>

/** The connections of a service: one that waits for messages, and one for everything else. */
export class Connections extends Context.Tag("examples/redis/Connections")<
  Connections,
  {
    readonly wait: Send
    readonly send: Send
    /** The time after which a pending message counts as that of a consumer that is gone. */
    readonly idleMillis: number
  }
>() {}

const connect = (url: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Redis(url, { maxRetriesPerRequest: 1 }).on("error", () => {})),
      (redis) => Effect.sync(() => redis.disconnect())
    ),
    (redis): Send =>
      (command, ...args) =>
        Effect.tryPromise({
          try: () => redis.call(command, ...args.map(String)),
          catch: (cause) => new RedisFailed({ command, cause })
        })
  )

/** Connects to `REDIS_URL`, which is a URL or the path of a socket. */
export const layer = Layer.scoped(
  Connections,
  Effect.gen(function* () {
    const url = yield* Config.withDefault(Config.string("REDIS_URL"), "redis://127.0.0.1:6379")
    const idleMillis = yield* Config.withDefault(Config.integer("REDIS_IDLE_MILLIS"), 60_000)
    return { wait: yield* connect(url), send: yield* connect(url), idleMillis }
  })
)

/** Names and values of an entry in turn; those of an entry that was removed are none. */
const Entry = Schema.Tuple(Schema.String, Schema.NullOr(Schema.Array(Schema.String)))
const Read = Schema.NullOr(Schema.Array(Schema.Tuple(Schema.String, Schema.Array(Entry))))
const Claimed = Schema.Tuple(Schema.String, Schema.Array(Entry), Schema.Array(Schema.Unknown))

const parse = Schema.decodeUnknownOption(Schema.parseJson())

/** The field of an entry that has the message as JSON. */
const field = "order"

/** The messages of a stream for one group of consumers, and the place of those that no run can take. */
export const make = (key: string, group = "deployers") => {
  const consumer = randomUUID()
  const messageOf = ([id, fields]: typeof Entry.Type, { idleMillis, send }: Connections["Type"]) => {
    const text = fields?.[fields.indexOf(field) + 1] ?? ""
    // Text that is not JSON is no input of the pipeline either, so its message goes to the dead letters.
    const input = Option.getOrElse(parse(text), () => text)
    return {
      id,
      input: input as never,
      ack: Effect.orDie(send("XACK", key, group, id)).pipe(Effect.asVoid),
      // It has been idle for long now, so the next look of any consumer claims it.
      nack: Effect.ignore(send("XCLAIM", key, group, consumer, 0, id, "IDLE", idleMillis, "JUSTID"))
    } satisfies Pipeline.Message<never>
  }
  const opened = ({ send }: Connections["Type"]) =>
    Effect.catchIf(
      send("XGROUP", "CREATE", key, group, "0", "MKSTREAM"),
      ({ cause }) => String(cause).includes("BUSYGROUP"),
      () => Effect.void
    )
  /** Messages of consumers that are gone come first. */
  const next = ({ idleMillis, send, wait }: Connections["Type"]) =>
    Effect.gen(function* () {
      const claimed = yield* send("XAUTOCLAIM", key, group, consumer, idleMillis, "0-0", "COUNT", 1)
      const [, abandoned] = yield* Schema.decodeUnknown(Claimed)(claimed)
      if (abandoned.length > 0) return abandoned
      const reply = yield* wait("XREADGROUP", "GROUP", group, consumer, "COUNT", 1, "BLOCK", 500, "STREAMS", key, ">")
      const read = yield* Schema.decodeUnknown(Read)(reply)
      return (read ?? []).flatMap(([, entries]) => entries)
    })
  const messages = Stream.unwrap(
    Effect.map(Connections, (redis) =>
      Stream.fromEffect(opened(redis)).pipe(
        Stream.flatMap(() => Stream.repeatEffect(next(redis))),
        Stream.flattenIterables,
        Stream.map((entry) => messageOf(entry, redis))
      )
    )
  )
  const bury = ({ id, input }: Pipeline.Message<unknown>, reason: string) =>
    Effect.flatMap(Connections, ({ send }) =>
      Effect.asVoid(
        Effect.orDie(send("XADD", `${key}:dead`, "*", "id", id, field, JSON.stringify(input), "reason", reason))
      )
    )
  return { messages, bury }
}
