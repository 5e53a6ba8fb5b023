/** Streams as lines of JSON, with an end that a cut connection does not have. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Ndjson from "@effect/platform/Ndjson"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { lineOf } from "./Models.js"

/** A stream ended without saying why: its connection was cut. */
export interface Cut {
  readonly _tag: "Cut"
}

export const isCut = <E>(error: E | Cut): error is Cut => Predicate.isTagged(error, "Cut")

/** Answers with the lines of a stream, which is cut when the server ends. */
export const respond = <A, I, E, EI>(
  item: Schema.Schema<A, I>,
  failure: Schema.Schema<E, EI>,
  stream: Stream.Stream<A, E>,
  closed: Effect.Effect<void>
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.succeed(
    HttpServerResponse.stream(Stream.interruptWhen(encode(item, failure, stream), closed), {
      contentType: "application/x-ndjson"
    })
  )

/** The stream of lines, which fails as the stream did that they came from. */
export const decode = <A, I, E, EI, E1>(
  item: Schema.Schema<A, I>,
  failure: Schema.Schema<E, EI>,
  bytes: Stream.Stream<Uint8Array, E1>
): Stream.Stream<A, E | Cut> => {
  const decodeLine = Schema.decode(Schema.parseJson(lineOf(item, failure)))
  return bytes.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.mapEffect((line) => decodeLine(line)),
    Stream.mapError((): E | Cut => cut),
    Stream.concat(Stream.fail<E | Cut>(cut)),
    Stream.takeUntil(({ _tag }) => _tag === "End"),
    Stream.mapConcatEffect((line) => {
      if (line._tag === "Failure") return Effect.fail(line.failure)
      return Effect.succeed(line._tag === "Item" ? [line.item] : [])
    })
  )
}

// internal

/** The lines of a stream. */
const encode = <A, I, E, EI>(
  item: Schema.Schema<A, I>,
  failure: Schema.Schema<E, EI>,
  stream: Stream.Stream<A, E>
): Stream.Stream<Uint8Array> => {
  const items = Stream.map(stream, (value) => ({ _tag: "Item" as const, item: value }))
  return Stream.concat(items, Stream.succeed({ _tag: "End" as const })).pipe(
    Stream.catchAll((error) => Stream.succeed({ _tag: "Failure" as const, failure: error })),
    Stream.pipeThroughChannel(Ndjson.packSchema(lineOf(item, failure))()),
    // The values of a deployer fit the Schemas of its contract.
    Stream.orDie
  )
}

const cut: Cut = { _tag: "Cut" }
