/** The outputs of a run that are bytes. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ArtifactNotFound, RunNotFound } from "../Contract/Errors.js"
import * as Routes from "../Contract/Routes.js"
import * as File from "../File.js"
import type { Ref } from "./Endpoints.js"
import type { Content } from "./Http.js"
import { type Called, call, type FindError, type Requirements } from "./Retry.js"
import { type QueryError, queryError } from "./Wire.js"

/**
 * The outputs of a run whose pipeline returns bytes (`Output.bytes`, `Output.file`), as a file, as long as the run is on
 * record.
 *
 * @category artifacts
 * @since 0.2.0
 */
export const output = <const R extends Ref>(
  ref: R,
  runId: string
): Effect.Effect<File.File, RunNotFound | ArtifactNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    call(ref, ({ serving }) =>
      Effect.succeed({
        method: "GET",
        path: Routes.runPath(serving, runId, "output"),
        headers: { accept: "*/*" },
        takesBytes: true,
        timeout: "5 minutes"
      })
    ),
    contentOf
  )

/** The file of an answer. */
export const fileOf = ({ bytes, contentType, name }: Content): Effect.Effect<File.File> =>
  File.fromBytes(bytes, { name, contentType })

// internal

const contentOf = ({
  answer,
  endpoint
}: Called): Effect.Effect<File.File, RunNotFound | ArtifactNotFound | QueryError> =>
  answer.content === undefined
    ? Effect.fail(Option.getOrElse(decodeMissing(answer.json), () => queryError(endpoint, answer)))
    : fileOf(answer.content)

const decodeMissing = Schema.decodeUnknownOption(Schema.Union(ArtifactNotFound, RunNotFound))
