/** Questions about a deployment and its runs. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { RunNotFound } from "../Contract/Errors.js"
import * as Responses from "../Contract/Responses.js"
import * as Routes from "../Contract/Routes.js"
import { RunLogPage } from "../Contract/RunLog.js"
import { Run, type RunStatus } from "../Contract/RunRecord.js"
import type { DeploymentSchemaNotFound } from "../Errors/Lifecycle.js"
import type { Endpoint, Ref } from "./Endpoints.js"
import { exampleOf } from "./Example.js"
import { errorOf } from "./Http.js"
import { type Called, call, type FindError, find, type Requirements } from "./Retry.js"
import { type Schemas, schemasOf } from "./Schemas.js"
import { type QueryError, queryError, runNotFound } from "./Wire.js"

/**
 * The JSON Schemas of a deployment's parameters and outputs.
 *
 * @category queries
 * @since 0.1.0
 */
export const schema = <const R extends Ref>(
  ref: R
): Effect.Effect<Schemas, DeploymentSchemaNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(find(ref), schemasOf)

/**
 * An example of a deployment's parameters that is valid by its JSON Schema.
 *
 * @category queries
 * @since 0.1.0
 */
export const example = <const R extends Ref>(
  ref: R
): Effect.Effect<unknown, DeploymentSchemaNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.map(schema(ref), ({ input }) => exampleOf(input))

/**
 * The runs of a deployment, newest first, without their data. `limit` is at most 100.
 *
 * @category queries
 * @since 0.1.0
 */
export const runs = <const R extends Ref>(
  ref: R,
  options: {
    readonly status?: RunStatus | undefined
    /** Only the runs of this session. */
    readonly session?: string | undefined
    readonly limit?: number | undefined
    readonly cursor?: string | undefined
  } = {}
): Effect.Effect<Responses.RunPage, QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.paths(serving).runs, {
      status: options.status,
      session: options.session,
      limit: options.limit === undefined ? undefined : String(options.limit),
      cursor: options.cursor
    }),
    (called) => decoded(called, decodePage)
  )

/**
 * One run of a deployment with its steps.
 *
 * @category queries
 * @since 0.1.0
 */
export const run = <const R extends Ref>(
  ref: R,
  id: string
): Effect.Effect<Run, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.runPath(serving, id)),
    (called) => ofRun(called, decodeRun)
  )

/**
 * The lines that a run logged, in their order: at most 1,000 after the line `after`.
 *
 * @category queries
 * @since 0.1.0
 */
export const logs = <const R extends Ref>(
  ref: R,
  id: string,
  options: { readonly after?: number | undefined; readonly limit?: number | undefined } = {}
): Effect.Effect<RunLogPage, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.runPath(serving, id, "logs"), {
      after: options.after === undefined ? undefined : String(options.after),
      limit: options.limit === undefined ? undefined : String(options.limit)
    }),
    (called) => ofRun(called, decodeLogs)
  )

/**
 * Interrupts a run and returns its record. A run that has ended stays unchanged, so repeating is safe.
 *
 * **Gotchas**
 *
 * During a replacement the old generation completes its runs. The new generation cannot interrupt such a run: it returns
 * the run with the status `running`, and the run continues.
 *
 * @category runs
 * @since 0.1.0
 */
export const cancel = <const R extends Ref>(
  ref: R,
  id: string
): Effect.Effect<Run, RunNotFound | QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    call(ref, ({ serving }) =>
      Effect.succeed({
        method: "POST",
        path: Routes.runPath(serving, id, "cancel"),
        isRepeatable: true,
        timeout: "30 seconds"
      })
    ),
    (called) => ofRun(called, decodeRun)
  )

/**
 * The health of a deployment. A deployment of another version may leave `checks` out.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Health = Schema.Struct({
  status: Responses.Health.fields.status,
  checks: Schema.optionalWith(Schema.Array(Schema.Unknown), { default: () => [] })
})

/**
 * The health of a deployment. An answer with status 503 has a health too.
 *
 * @category queries
 * @since 0.1.0
 */
export const health = <const R extends Ref>(
  ref: R
): Effect.Effect<typeof Health.Type, QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.paths(serving).health),
    ({ answer, endpoint }) => decoded({ endpoint, answer: { ...answer, status: 200 } }, decodeHealth)
  )

/**
 * The metrics of a deployment in the Prometheus text format.
 *
 * @category queries
 * @since 0.1.0
 */
export const metrics = <const R extends Ref>(
  ref: R
): Effect.Effect<string, QueryError | FindError<R>, Requirements<R>> =>
  Effect.flatMap(
    get(ref, ({ serving }) => Routes.paths(serving).metrics),
    ({ answer, endpoint }) =>
      answer.status === 200 ? Effect.succeed(answer.text) : Effect.fail(queryError(endpoint, answer))
  )

/** One question without a body. */
export const get = <const R extends Ref>(
  ref: R,
  path: (endpoint: Endpoint) => string,
  query?: Readonly<Record<string, string | undefined>>
): Effect.Effect<Called, FindError<R>, Requirements<R>> =>
  call(ref, (endpoint) => Effect.succeed({ method: "GET", path: path(endpoint), query, timeout: "30 seconds" }))

/** The value in an answer about a run. */
export const ofRun = <A>(
  called: Called,
  decode: (json: unknown) => Option.Option<A>
): Effect.Effect<A, RunNotFound | QueryError> => {
  const missing = Option.getOrUndefined(runNotFound(called.answer.json))
  return missing === undefined ? decoded(called, decode) : Effect.fail(missing)
}

/** The value in an answer with status 200; any other answer is an error. */
export const decoded = <A>(
  { answer, endpoint }: Called,
  decode: (json: unknown) => Option.Option<A>
): Effect.Effect<A, QueryError> => {
  if (answer.status !== 200) return Effect.fail(queryError(endpoint, answer))
  return Option.match(decode(answer.json), {
    onNone: () =>
      Effect.fail(errorOf(endpoint, "its answer is not that of a deployment; check the URL", answer.status)),
    onSome: Effect.succeed
  })
}

// internal

const decodePage = Schema.decodeUnknownOption(Responses.RunPage)
const decodeRun = Schema.decodeUnknownOption(Run)
const decodeHealth = Schema.decodeUnknownOption(Health)

const decodeLogs = Schema.decodeUnknownOption(RunLogPage)
