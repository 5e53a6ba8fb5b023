/** The requests that operations are made of. */
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

/** Requests with the failures that all of them share. */
export interface EngineRequests {
  readonly query: (request: Request) => Effect.Effect<EngineResponse, QueryError>
  readonly change: (request: Request, upload?: Readable) => Effect.Effect<EngineResponse, ChangeError>
  readonly openQuery: (request: Request) => Effect.Effect<OpenAnswer<QueryError>, QueryError, Scope.Scope>
  readonly openChange: (
    request: Request,
    upload?: Readable
  ) => Effect.Effect<OpenAnswer<ChangeError>, ChangeError, Scope.Scope>
  /** Fails with the text of an answer whose status has no meaning for the operation. */
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

/** True if a status says that the request was carried out. */
export const isOk = ({ status }: { readonly status: number }): boolean => status >= 200 && status < 300

/** The failures that some statuses mean to an operation; `otherwise` is the failure of a status without a meaning. */
export type Meanings<E> = Readonly<
  Record<
    number,
    (reason: string, otherwise: Effect.Effect<never, EngineError | EngineRefused>) => Effect.Effect<never, E>
  >
>

/** Asks and reads the answer. */
export const read = <A, I, E = never>(
  engine: EngineRequests,
  request: Request,
  schema: Schema.Schema<A, I>,
  meanings: Meanings<E> = {}
): Effect.Effect<A, QueryError | E> =>
  Effect.flatMap(engine.query(request), (answer) => readAnswer(engine, request, answer, schema, meanings))

/** Creates a resource and reads the answer. */
export const create = <A, I, E = never>(
  engine: EngineRequests,
  request: Request,
  schema: Schema.Schema<A, I>,
  meanings: Meanings<E>
): Effect.Effect<A, ChangeError | E> =>
  Effect.flatMap(engine.change(request), (answer) => readAnswer(engine, request, answer, schema, meanings))

/** Changes a resource. The statuses of `done` mean success too: the resource was in that state already. */
export const command = <E = never>(
  engine: EngineRequests,
  request: Request,
  meanings: Meanings<E>,
  done: ReadonlyArray<number> = []
): Effect.Effect<void, ChangeError | E> =>
  Effect.flatMap(engine.change(request), (answer) =>
    isOk(answer) || done.includes(answer.status) ? Effect.void : failure(engine, request, answer, meanings)
  )

/** Opens an answer that is read piece by piece. */
export const openBody = <E = never>(
  engine: EngineRequests,
  request: Request,
  meanings: Meanings<E> = {}
): Effect.Effect<OpenAnswer<QueryError>["body"], QueryError | E, Scope.Scope> =>
  Effect.gen(function* () {
    const { body, status, text } = yield* engine.openQuery(request)
    return isOk({ status }) ? body : yield* failure(engine, request, { status, text: yield* text }, meanings)
  })

const readAnswer = <A, I, E>(
  engine: EngineRequests,
  request: Request,
  answer: EngineResponse,
  schema: Schema.Schema<A, I>,
  meanings: Meanings<E>
): Effect.Effect<A, EngineError | EngineRefused | E> =>
  isOk(answer) ? Decoders.parse(schema, request.operation, answer) : failure(engine, request, answer, meanings)

const failure = <E>(
  engine: EngineRequests,
  request: Request,
  answer: EngineResponse,
  meanings: Meanings<E>
): Effect.Effect<never, EngineError | EngineRefused | E> =>
  (meanings[answer.status] ?? orElse)(Failure.reasonOf(answer.text), engine.unexpected(request, answer))

const orElse = <E>(_: string, otherwise: Effect.Effect<never, E>) => otherwise

/** The filter of a list in the form of the engine. */
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

/** An archive as a Node stream. `orSource` replaces a failure of the request by the failure of the archive that caused it. */
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
