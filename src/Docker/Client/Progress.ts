/** Reads the progress of an engine that works on an image. A failure is part of the progress, with status 200. */
import type { Readable } from "node:stream"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Count } from "./Decoders.js"
import { documents, type EngineRequests, isOk } from "./EngineRequests.js"
import type { ChangeError } from "./Errors.js"
import { reasonOf } from "./Failure.js"
import { ImageProgress } from "./Resources.js"
import type { Request } from "./Transport.js"

/** A failure among the progress. */
export interface Problem {
  /** A sentence without full stop. */
  readonly reason: string
  readonly exitCode: number | undefined
  /** The status of the answer, if that is not a success. */
  readonly status?: number | undefined
}

const Document = Schema.parseJson(
  Schema.Struct({
    stream: Schema.optional(Schema.NullOr(Schema.String)),
    status: Schema.optional(Schema.NullOr(Schema.String)),
    id: Schema.optional(Schema.NullOr(Schema.String)),
    progressDetail: Schema.optional(
      Schema.NullOr(
        Schema.Struct({
          current: Schema.optional(Schema.Number),
          total: Schema.optional(Schema.Number)
        })
      )
    ),
    aux: Schema.optional(
      Schema.NullOr(Schema.Struct({ ID: Schema.optional(Schema.String), Digest: Schema.optional(Schema.String) }))
    ),
    error: Schema.optional(Schema.NullOr(Schema.String)),
    errorDetail: Schema.optional(
      Schema.NullOr(Schema.Struct({ code: Count, message: Schema.optional(Schema.NullOr(Schema.String)) }))
    )
  })
)

const decode = Schema.decodeUnknownEither(Document)

/** The progress in the body of an answer; fails with its first failure. */
export const progress = <E>(body: Stream.Stream<Uint8Array, E>): Stream.Stream<ImageProgress, E | ProgressProblem> =>
  documents(body).pipe(
    Stream.mapEffect((line) =>
      Either.match(decode(line), {
        onLeft: () => Effect.succeed([ImageProgress.Message({ text: line })]),
        onRight: (document) => {
          const problem = problemOf(document)
          return problem === undefined ? Effect.succeed(eventsOf(document)) : Effect.fail(new ProgressProblem(problem))
        }
      })
    ),
    Stream.mapConcat((events) => events)
  )

/** The progress in an answer. A refusal, and failures among the progress, become `failure`. */
export const answered = <F>(
  engine: EngineRequests,
  request: Request,
  failure: (problem: Problem) => F,
  upload?: Readable
): Effect.Effect<Stream.Stream<ImageProgress, F | ChangeError>, F | ChangeError, Scope.Scope> =>
  Effect.gen(function* () {
    const answer = yield* engine.openChange(request, upload)
    if (!isOk(answer)) {
      const { status } = answer
      const text = yield* answer.text
      // With credentials it is the registry that refuses.
      if (request.credentials === undefined && (status === 401 || status === 403)) {
        return yield* engine.unexpected(request, { status, text })
      }
      return yield* Effect.fail(failure({ reason: reasonOf(text), exitCode: undefined, status }))
    }
    return Stream.mapError(progress(answer.body), (error) =>
      error instanceof ProgressProblem ? failure(error) : error
    )
  })

/** A problem on its way to the operation that gives it a name. */
export class ProgressProblem implements Problem {
  readonly _tag = "ProgressProblem"
  readonly reason: string
  readonly exitCode: number | undefined
  constructor(problem: Problem) {
    this.reason = problem.reason
    this.exitCode = problem.exitCode
  }
}

const problemOf = ({ error, errorDetail }: typeof Document.Type): Problem | undefined => {
  const text = errorDetail?.message ?? error
  return text == null && errorDetail == null
    ? undefined
    : { reason: (text ?? "it gave no reason").trim().replace(/\.$/, ""), exitCode: errorDetail?.code || undefined }
}

const eventsOf = (document: typeof Document.Type): ReadonlyArray<ImageProgress> => [
  ...[document.aux?.ID, document.aux?.Digest].flatMap((image) =>
    image === undefined ? [] : [ImageProgress.Done({ image })]
  ),
  ...textOf(document.stream ?? ""),
  ...statusOf(document)
]

const textOf = (stream: string): ReadonlyArray<ImageProgress> =>
  stream
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .flatMap((text) => [ImageProgress.Message({ text }), ...loadedOf(text)])

/** An engine names a loaded image in a text only. */
const loadedOf = (text: string): ReadonlyArray<ImageProgress> => {
  const image = /^Loaded image(?: ID)?: (\S+)$/.exec(text)?.[1]
  return image === undefined ? [] : [ImageProgress.Done({ image })]
}

const statusOf = ({ id, progressDetail, status }: typeof Document.Type): ReadonlyArray<ImageProgress> => {
  if (status == null) return []
  if (id == null || id === "") return [ImageProgress.Message({ text: status })]
  return [
    ImageProgress.Part({
      id,
      status,
      currentBytes: progressDetail?.current,
      totalBytes: progressDetail?.total
    })
  ]
}
