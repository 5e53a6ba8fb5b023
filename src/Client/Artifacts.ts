/** The outputs of the steps of a run. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ArtifactList } from "../Contract/Artifacts.js"
import { ArtifactNotFound, RunNotFound } from "../Contract/Errors.js"
import * as Routes from "../Contract/Routes.js"
import type { Ref } from "./Endpoints.js"
import { get, ofRun } from "./Queries.js"
import type { Called, FindError, Requirements } from "./Retry.js"
import { type QueryError, queryError } from "./Wire.js"

/**
 * The outputs of the steps of a run with their digests, in the order in which the steps started.
 *
 * @category artifacts
 * @since 0.1.0
 */
export const artifacts = <const R extends Ref>(
  ref: R,
  runId: string
): Effect.Effect<ArtifactList, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.runPath(serving, runId, "artifacts")),
    (called) => ofRun(called, decodeList)
  )

/**
 * The encoded output of one call of a step, such as `forecast` or `forecast#2`, also one that is too large for the record of
 * its run.
 *
 * @category artifacts
 * @since 0.1.0
 */
export const artifact = <const R extends Ref>(
  ref: R,
  runId: string,
  step: string
): Effect.Effect<unknown, RunNotFound | ArtifactNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.artifactPath(serving, runId, step)),
    contentOf
  )

// internal

const contentOf = ({
  answer,
  endpoint
}: Called): Effect.Effect<unknown, RunNotFound | ArtifactNotFound | QueryError> =>
  answer.status === 200
    ? Effect.succeed(answer.json)
    : Effect.fail(Option.getOrElse(decodeMissing(answer.json), () => queryError(endpoint, answer)))

const decodeList = Schema.decodeUnknownOption(ArtifactList)
const decodeMissing = Schema.decodeUnknownOption(Schema.Union(ArtifactNotFound, RunNotFound))
