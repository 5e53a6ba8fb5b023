/** Rules of a proxy: a fault, and the requests that it affects. */
import * as Data from "effect/Data"

/**
 * A request as it came.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProxiedRequest {
  /** Counts from 1. */
  readonly number: number
  readonly method: string
  /** With its query. */
  readonly path: string
}

/**
 * A fault of a request or its answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Disturbance = Data.TaggedEnum<{
  /** Passed on so much later. */
  Delay: { readonly millis: number }
  /** Not passed on; the connection breaks. */
  DropBefore: object
  /** Passed on, and the connection breaks: `at once`, or when the answer begins to come. */
  DropAfter: { readonly when: "at once" | "answered" }
  /** Passed on, and another answer given; default body a message. */
  Rewrite: { readonly status: number; readonly body?: string | undefined }
  /** Passed on; of the answer only so many bytes come, then the connection ends. */
  Truncate: { readonly bytes: number }
  /** Passed on; what follows the head of the answer is not what it should be. */
  Corrupt: object
  /** Passed on; the way back is closed in order before anything of the answer comes. */
  HalfClose: object
}>

/**
 * Constructors and matchers of {@link Disturbance}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const Disturbance = Data.taggedEnum<Disturbance>()

/**
 * Decides what is done to a request; `undefined` lets it pass.
 *
 * @category models
 * @since 0.1.0
 */
export type Rule = (request: ProxiedRequest) => Disturbance | undefined

/**
 * A rule for requests of a method whose path, without the version in front, fits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const to =
  (method: string, path: RegExp, disturbance: Disturbance): Rule =>
  (request) =>
    request.method === method && path.test(request.path.replace(/^\/v[\d.]+/, "")) ? disturbance : undefined

/**
 * A rule that is applied so often at the most.
 *
 * @category constructors
 * @since 0.1.0
 */
export const times = (count: number, rule: Rule): Rule => {
  let left = count
  return (request) => {
    const disturbance = left > 0 ? rule(request) : undefined
    if (disturbance !== undefined) left -= 1
    return disturbance
  }
}
