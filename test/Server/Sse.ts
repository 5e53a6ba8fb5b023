// Reading server-sent events as a client does.
import { Effect, Queue, type Scope } from "effect"
import { Serve } from "effect-deployers/Server"

export interface Told {
  readonly id: number | undefined
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

const blockOf = (block: string): ReadonlyArray<Told> => {
  const fields = new Map(
    block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()])
  )
  const [data, event, id] = [fields.get("data"), fields.get("event"), fields.get("id")]
  if (data === undefined || event === undefined) return []
  return [{ id: id === undefined ? undefined : Number(id), event, data: JSON.parse(data) }]
}

/** The events of a text, without comments and what else is said about the connection. */
export const told = (text: string): ReadonlyArray<Told> => text.split("\n\n").flatMap(blockOf)

export const names = (events: ReadonlyArray<Told>) => events.map(({ event }) => event)

const end = Symbol("end")

/** Follows while the scope lives: takes some of the events, or all that come until the other side ends. */
export const follow = (path: string, init: RequestInit = {}) =>
  Effect.gen(function* () {
    const { url } = yield* Serve.Served
    const heard = yield* Queue.unbounded<Told | typeof end>()
    const controller = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (controller) => Effect.sync(() => controller.abort())
    )
    const response = yield* Effect.promise(() => fetch(`${url}${path}`, { ...init, signal: controller.signal }))
    const read = async () => {
      let text = ""
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true })
        const whole = text.lastIndexOf("\n\n")
        if (whole === -1) continue
        for (const event of told(text.slice(0, whole))) heard.unsafeOffer(event)
        text = text.slice(whole + 2)
      }
      heard.unsafeOffer(end)
    }
    yield* Effect.forkScoped(Effect.promise(() => read().catch(() => heard.unsafeOffer(end))))
    const one = Effect.flatMap(heard.take, (it) => (it === end ? Effect.die("the stream ended") : Effect.succeed(it)))
    const rest: Effect.Effect<ReadonlyArray<Told>> = Effect.flatMap(heard.take, (it) =>
      it === end ? Effect.succeed([]) : Effect.map(rest, (others) => [it, ...others])
    )
    return {
      status: response.status,
      take: (count: number) => Effect.all(Array.from({ length: count }, () => one)),
      rest
    }
  }) satisfies Effect.Effect<unknown, never, Serve.Served | Scope.Scope>
