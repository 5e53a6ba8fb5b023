/**
 * How a caller reaches a deployment it knows by name, also while that is being replaced.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { type DeploymentHttpError, ServiceUnavailable } from "../Contract/Errors.js"
import { direct, type Endpoint, Endpoints, type Ref, type ResolveError } from "./Endpoints.js"
import { type Ask, attempt, type HttpResponse, type Opened, open, Unanswered } from "./Http.js"

/**
 * What calling a reference needs: names need somebody who knows them.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements<R extends Ref> = HttpClient.HttpClient | (R extends string ? Endpoints : never)

/**
 * How finding a reference fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type FindError<R extends Ref> = DeploymentHttpError | (R extends string ? ResolveError : never)

/**
 * Finds where a reference leads.
 *
 * @category accessors
 * @since 0.1.0
 */
export const find = <R extends Ref>(
  ref: R
): Effect.Effect<Endpoint, FindError<R>, R extends string ? Endpoints : never> =>
  (typeof ref === "string"
    ? Effect.flatMap(Endpoints, (endpoints) => endpoints.resolve(ref))
    : direct(ref)) as Effect.Effect<Endpoint, FindError<R>, R extends string ? Endpoints : never>

/**
 * An answer and who gave it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Called<out A extends HttpResponse = HttpResponse> {
  readonly endpoint: Endpoint
  readonly answer: A
}

/**
 * Finds a deployment and asks it. One that is known by name and did not take the request is found again and asked again,
 * for two seconds at most.
 *
 * **Details**
 *
 * While a deployment is replaced its URL changes, and a caller may have looked up the old one a moment before. Such a
 * request is repeated if it is certain that nothing was run: nobody listened there, or the service answered that it is
 * starting or draining and takes no runs, or it did not know the key and the registry has another by now. When the
 * connection broke off, the run may have happened: only what can be repeated, such as questions (`GET`), is repeated
 * then. A reference by URL is asked once.
 *
 * @category requests
 * @since 0.1.0
 */
export const call = <const R extends Ref>(
  ref: R,
  what: (endpoint: Endpoint) => Effect.Effect<Ask, DeploymentHttpError, HttpClient.HttpClient>
): Effect.Effect<Called, FindError<R>, Requirements<R>> => calling(ref, what, attempt, typeof ref === "string")

/**
 * The same for events: done when they begin to come. Who goes on with what was begun is patient with a URL, too.
 *
 * @category requests
 * @since 0.1.0
 */
export const callForEvents = <const R extends Ref>(
  ref: R,
  what: (endpoint: Endpoint) => Effect.Effect<Ask, DeploymentHttpError, HttpClient.HttpClient>,
  isPatient: boolean = typeof ref === "string"
): Effect.Effect<Called<Opened>, FindError<R>, Requirements<R>> => calling(ref, what, open, isPatient)

/**
 * How often and how long is asked again: at once, then ever less often; soon enough for a service that starts again at a
 * fixed port.
 *
 * @category constants
 * @since 0.1.0
 */
export const repeats = Schedule.exponential("10 millis").pipe(
  Schedule.union(Schedule.spaced("200 millis")),
  Schedule.jittered,
  Schedule.upTo("2 seconds")
)

// internal

const calling = <const R extends Ref, A extends HttpResponse>(
  ref: R,
  what: (endpoint: Endpoint) => Effect.Effect<Ask, DeploymentHttpError, HttpClient.HttpClient>,
  exchange: (endpoint: Endpoint, ask: Ask) => Effect.Effect<A, Unanswered | DeploymentHttpError, HttpClient.HttpClient>,
  isPatient: boolean
): Effect.Effect<Called<A>, FindError<R>, Requirements<R>> => {
  const once = Effect.gen(function* () {
    const endpoint = yield* find(ref)
    const asked = yield* what(endpoint)
    const outcome = yield* Effect.either(exchange(endpoint, asked))
    const again = isPatient && (wasNotTaken(asked, outcome) || (yield* hasNewKey(ref, endpoint, outcome)))
    return again ? yield* new NotTaken({ endpoint, outcome }) : yield* settled(endpoint, outcome)
  })
  return once.pipe(
    Effect.retry({ schedule: repeats, while: (error) => error instanceof NotTaken }),
    Effect.catchIf(
      (error) => error instanceof NotTaken,
      ({ endpoint, outcome }) => settled(endpoint, outcome as Outcome<A>)
    )
  ) as Effect.Effect<Called<A>, FindError<R>, Requirements<R>>
}

type Outcome<A extends HttpResponse = HttpResponse> = Either.Either<A, Unanswered | DeploymentHttpError>

/** The request may be made again; otherwise this is how it ended. */
class NotTaken extends Data.TaggedError("NotTaken")<{ readonly endpoint: Endpoint; readonly outcome: Outcome }> {}

const settled = <A extends HttpResponse>(
  endpoint: Endpoint,
  outcome: Outcome<A>
): Effect.Effect<Called<A>, DeploymentHttpError> =>
  Either.match(outcome, {
    onLeft: (error) => Effect.fail(error instanceof Unanswered ? error.error : error),
    onRight: (answer) => Effect.succeed({ endpoint, answer })
  })

const wasNotTaken = ({ isRepeatable, method }: Ask, outcome: Outcome): boolean =>
  Either.match(outcome, {
    onLeft: (error) =>
      error instanceof Unanswered && (error.received === "never" || (isRepeatable ?? method === "GET")),
    onRight: ({ json, status }) =>
      status === 503 && Option.exists(decodeUnavailable(json), ({ reason }) => reason !== "store")
  })

const decodeUnavailable = Schema.decodeUnknownOption(ServiceUnavailable)

/** Whether the key was refused that the registry does not have any more. */
const hasNewKey = (ref: Ref, { authKey }: Endpoint, outcome: Outcome) =>
  Either.isRight(outcome) && outcome.right.status === 401
    ? Effect.map(find(ref), (now) => !Equal.equals(now.authKey, authKey))
    : Effect.succeed(false)
