/** Calls of deployments by name, also during a replacement. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { type DeploymentHttpError, ServiceNotProven, ServiceUnavailable } from "../Contract/Errors.js"
import { direct, type Endpoint, Endpoints, ofMember, type Ref, type ResolveError } from "./Endpoints.js"
import { type Ask, attempt, type CallFailed, type HttpResponse, type Opened, open, Unanswered } from "./Http.js"

/**
 * The requirements of a call: a name needs {@link Endpoints}.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements<R extends Ref> = HttpClient.HttpClient | (R extends string ? Endpoints : never)

/**
 * The errors of finding a reference and of reaching its service.
 *
 * @category errors
 * @since 0.1.0
 */
export type FindError<R extends Ref> =
  | DeploymentHttpError
  | ServiceNotProven
  | (R extends string ? ResolveError : never)

/**
 * Finds the endpoint of a reference.
 *
 * @category accessors
 * @since 0.1.0
 */
export const find = <R extends Ref>(
  ref: R
): Effect.Effect<Endpoint, FindError<R>, R extends string ? Endpoints : never> =>
  (typeof ref === "string" ? findByName(ref) : direct(ref)) as Effect.Effect<
    Endpoint,
    FindError<R>,
    R extends string ? Endpoints : never
  >

/** An answer and the endpoint that gave it. */
export interface Called<out A extends HttpResponse = HttpResponse> {
  readonly endpoint: Endpoint
  readonly answer: A
}

/**
 * Finds a deployment and sends it a request. If a deployment known by name did not accept the request, the client finds
 * it again and repeats the request, for two seconds at most.
 *
 * **Details**
 *
 * A replacement changes the URL of a deployment, and a caller may have read the old one just before. The client repeats a
 * request if no run can have started: no process listened, or the service answered that it is starting or draining, or it
 * refused the key and the registry has a new one. After a broken connection a run may have started: then only safe
 * requests, such as `GET`, are repeated. A reference by URL gets one request.
 */
export const call = <const R extends Ref>(
  ref: R,
  what: (endpoint: Endpoint) => Effect.Effect<Ask, DeploymentHttpError, HttpClient.HttpClient>
): Effect.Effect<Called, FindError<R>, Requirements<R>> => calling(ref, what, attempt, typeof ref === "string")

/** Like {@link call} for events: it succeeds at the first byte. A caller that continues a stream repeats by URL too. */
export const callForEvents = <const R extends Ref>(
  ref: R,
  what: (endpoint: Endpoint) => Effect.Effect<Ask, DeploymentHttpError, HttpClient.HttpClient>,
  isPatient: boolean = typeof ref === "string"
): Effect.Effect<Called<Opened>, FindError<R>, Requirements<R>> => calling(ref, what, open, isPatient)

/** The schedule of repeated requests. Its intervals are short enough for a service that restarts at a fixed port. */
export const repeats = Schedule.exponential("10 millis").pipe(
  Schedule.union(Schedule.spaced("200 millis")),
  Schedule.jittered,
  Schedule.upTo("2 seconds")
)

// internal

/** Names of deployments have no slash: after one comes the pipeline of a group. */
const findByName = (ref: string) => {
  const [name = "", pipeline] = ref.split(/\/(.*)/s)
  const found = Effect.flatMap(Endpoints, (endpoints) => endpoints.resolve(name))
  return pipeline === undefined || pipeline === ""
    ? found
    : Effect.map(found, (endpoint) => ofMember(endpoint, pipeline))
}

const calling = <const R extends Ref, A extends HttpResponse>(
  ref: R,
  what: (endpoint: Endpoint) => Effect.Effect<Ask, DeploymentHttpError, HttpClient.HttpClient>,
  exchange: (endpoint: Endpoint, ask: Ask) => Effect.Effect<A, Unanswered | CallFailed, HttpClient.HttpClient>,
  isPatient: boolean
): Effect.Effect<Called<A>, FindError<R>, Requirements<R>> => {
  const once = Effect.gen(function* () {
    const endpoint = yield* find(ref)
    const asked = yield* what(endpoint)
    const outcome = yield* Effect.either(exchange(endpoint, asked))
    const again = isPatient && (wasNotTaken(asked, outcome) || (yield* hasChanged(ref, endpoint, outcome)))
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

type Outcome<A extends HttpResponse = HttpResponse> = Either.Either<A, Unanswered | CallFailed>

/** No service accepted the request, so it may be repeated; `outcome` is the result if it is not. */
class NotTaken extends Data.TaggedError("NotTaken")<{ readonly endpoint: Endpoint; readonly outcome: Outcome }> {}

const settled = <A extends HttpResponse>(
  endpoint: Endpoint,
  outcome: Outcome<A>
): Effect.Effect<Called<A>, CallFailed> =>
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

/** True if the service refused the key or did not prove itself, and the registry has another key or another URL. */
const hasChanged = (ref: Ref, { authKey, url }: Endpoint, outcome: Outcome) =>
  Either.match(outcome, {
    onLeft: (error) => error instanceof ServiceNotProven,
    onRight: ({ status }) => status === 401
  })
    ? Effect.map(find(ref), (now) => now.url !== url || !Equal.equals(now.authKey, authKey))
    : Effect.succeed(false)
