/** What all operations are made of. */
import type { Readable } from "node:stream"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { makeLineReader, readBy } from "../../Internal/Lines.js"
import type { Archive } from "./Contract.js"
import * as Decoders from "./Decoders.js"
import type { ChangeError, EngineError, EngineRefused, QueryError } from "./Errors.js"
import * as Failure from "./Failure.js"
import type { LabelFilter } from "./Resources.js"
import type { EngineResponse, OpenAnswer, Request, Transport } from "./Transport.js"

/** Requests with the failures that every one of them has. */
export interface EngineRequests {
  readonly query: (request: Request) => Effect.Effect<EngineResponse, QueryError>
  readonly change: (request: Request, upload?: Readable) => Effect.Effect<EngineResponse, ChangeError>
  readonly openQuery: (request: Request) => Effect.Effect<OpenAnswer<QueryError>, QueryError, Scope.Scope>
  readonly openChange: (
    request: Request,
    upload?: Readable
  ) => Effect.Effect<OpenAnswer<ChangeError>, ChangeError, Scope.Scope>
  /** Fails with what an answer says whose status the operation has no meaning for. */
  readonly unexpected: (request: Request, answer: EngineResponse) => Effect.Effect<never, EngineError | EngineRefused>
}

export const make = (transport: Transport): EngineRequests => ({
  query: (request) => transport.send(Failure.ofQuery, request),
  change: (request, upload) => transport.send(Failure.ofChange, request, upload),
  openQuery: (request) => transport.open(Failure.ofQuery, request),
  openChange: (request, upload) => transport.open(Failure.ofChange, request, upload),
  unexpected: (request, answer) =>
    Effect.flatMap(
      Effect.match(transport.host, { onFailure: ({ host }) => host, onSuccess: ({ url }) => url }),
      (host) => Effect.fail(Failure.unexpected(request, host, answer))
    )
})

/** Whether a status says that it was done. */
export const isOk = ({ status }: { readonly status: number }): boolean => status >= 200 && status < 300

/** Asks and reads the answer; `missing` is what a 404 means. */
export const read = <A, I, E = never>(
  kit: EngineRequests,
  request: Request,
  schema: Schema.Schema<A, I>,
  missing?: () => E
): Effect.Effect<A, QueryError | E> => {
  const parse = Decoders.parse(schema, request.operation)
  return Effect.flatMap(kit.query(request), (answer): Effect.Effect<A, QueryError | E> => {
    if (isOk(answer)) return parse(answer)
    return answer.status === 404 && missing !== undefined ? Effect.fail(missing()) : kit.unexpected(request, answer)
  })
}

/** The filter of a list, as the engine wants it. */
export const filters = (labels: LabelFilter, more: Readonly<Record<string, ReadonlyArray<string>>> = {}): string =>
  JSON.stringify({
    ...more,
    label: Object.entries(labels).map(([name, value]) => (value === true ? name : `${name}=${value}`))
  })

/** The longest JSON document of a stream of documents. */
const maxDocumentLength = 16_777_216

/** The JSON documents of a stream that has one document a line. */
export const documents = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E> =>
  readBy(bytes, () => makeLineReader(maxDocumentLength)).pipe(Stream.filter((line) => line.trim() !== ""))

/** An archive as something Node can send, and a way to tell a failure of its source from one of the engine. */
export const uploading = <E, R>(
  archive: Archive<E, R>
): Effect.Effect<
  {
    readonly readable: Readable
    readonly orSource: <E2>(error: E2) => Effect.Effect<never, E | E2>
  },
  never,
  R | Scope.Scope
> =>
  Effect.gen(function* () {
    let failure: Option.Option<Cause.Cause<E>> = Option.none()
    const watched = Stream.onError(archive, (cause) =>
      Effect.sync(() => {
        failure = Option.some(cause)
      })
    )
    const readable = yield* Effect.acquireRelease(NodeStream.toReadable(watched), (readable) =>
      Effect.sync(() => readable.destroy())
    )
    return {
      readable,
      orSource: <E2>(error: E2) =>
        Effect.suspend(
          (): Effect.Effect<never, E | E2> =>
            Option.isSome(failure) && !Cause.isInterruptedOnly(failure.value)
              ? Effect.failCause(failure.value)
              : Effect.fail(error)
        )
    }
  })
