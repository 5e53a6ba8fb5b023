/** Server-sent events of a run, from bytes to values. */
import * as Sse from "@effect/experimental/Sse"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as RunEvent from "../Contract/RunEvent.js"

/**
 * What a deployment says to who follows: an event of the run, or that it stops, or that the end of the run is not known.
 */
export type Told =
  | { readonly _tag: "Event"; readonly event: RunEvent.RunEvent }
  | { readonly _tag: "Shutdown" }
  | { readonly _tag: "Unavailable"; readonly error: unknown }
  | { readonly _tag: "Strange" }

/**
 * Reads events as they come. Those of a kind that is not known are passed over: a newer deployment may tell more.
 *
 * **Details**
 *
 * `Sse.makeChannel` would wait whenever the other side says how soon to come back (`retry`), which deployments say first.
 */
export const read = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Told, E> =>
  Stream.suspend(() => {
    let heard: Array<Told> = []
    const parser = Sse.makeParser(
      (it) => {
        const told = it._tag === "Event" ? toldBy(it) : undefined
        if (told !== undefined) heard.push(told)
      },
      // Outputs may be as large as those of an invocation that is waited for.
      { maxEventSize: Number.POSITIVE_INFINITY }
    )
    return Stream.mapConcat(Stream.decodeText(bytes), (text) => {
      parser.feed(text)
      const told = heard
      heard = []
      return told
    })
  })

// internal

const kinds: ReadonlySet<string> = new Set(RunEvent.RunEvent.members.map(({ fields }) => fields.event.literals[0]))

const decode = Schema.decodeUnknownOption(RunEvent.RunEvent)

const parse = (text: string): unknown => Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))

const toldBy = ({ data, event, id }: Sse.Event): Told | undefined => {
  if (event === "shutdown") return { _tag: "Shutdown" }
  if (event === "unavailable") return { _tag: "Unavailable", error: parse(data) }
  if (!kinds.has(event)) return undefined
  return Option.match(decode({ sequence: Number(id), event, data: parse(data) }), {
    onNone: (): Told => ({ _tag: "Strange" }),
    onSome: (event) => ({ _tag: "Event", event })
  })
}
