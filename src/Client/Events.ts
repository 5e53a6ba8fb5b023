/** Server-sent events of a run, from bytes to values. */
import * as Sse from "@effect/experimental/Sse"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as RunEvent from "../Contract/RunEvent.js"

/** A message of the stream: an event of the run, the service stops, the end of the run is not known, or not decodable. */
export type Message =
  | { readonly _tag: "Event"; readonly event: RunEvent.RunEvent }
  | { readonly _tag: "Shutdown" }
  | { readonly _tag: "Unavailable"; readonly error: unknown }
  | { readonly _tag: "Malformed" }

/**
 * Reads events as they arrive. It skips unknown kinds: a newer deployment may send more kinds.
 *
 * **Details**
 *
 * `Sse.makeChannel` would wait at each `retry` field, which deployments send first.
 */
export const read = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Message, E> =>
  Stream.suspend(() => {
    let received: Array<Message> = []
    const parser = Sse.makeParser(
      (it) => {
        const message = it._tag === "Event" ? messageOf(it) : undefined
        if (message !== undefined) received.push(message)
      },
      // Outputs may be as large as those of an invocation that is waited for.
      { maxEventSize: Number.POSITIVE_INFINITY }
    )
    return Stream.mapConcat(Stream.decodeText(bytes), (text) => {
      parser.feed(text)
      const messages = received
      received = []
      return messages
    })
  })

// internal

const kinds: ReadonlySet<string> = new Set(RunEvent.RunEvent.members.map(({ fields }) => fields.event.literals[0]))

const decode = Schema.decodeUnknownOption(RunEvent.RunEvent)

const parse = (text: string): unknown => Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))

const messageOf = ({ data, event, id }: Sse.Event): Message | undefined => {
  if (event === "shutdown") return { _tag: "Shutdown" }
  if (event === "unavailable") return { _tag: "Unavailable", error: parse(data) }
  if (!kinds.has(event)) return undefined
  return Option.match(decode({ sequence: Number(id), event, data: parse(data) }), {
    onNone: (): Message => ({ _tag: "Malformed" }),
    onSome: (event) => ({ _tag: "Event", event })
  })
}
