/** A generation that serves a share of the callers beside the accepted one, until it is promoted or aborted. */
import * as Schema from "effect/Schema"

/**
 * The share of the callers that a candidate serves, in the parts that its flavor counts: 1 of 10 pods. It is never more than
 * the share that was asked for.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Share = Schema.Struct({
  /** The parts of the candidate. */
  parts: Schema.Int.pipe(Schema.positive()),
  /** All parts, those of the accepted generation included. */
  of: Schema.Int.pipe(Schema.positive()),
  /** The name of the parts in the plural, such as `pods`. */
  unit: Schema.String
})

export type Share = typeof Share.Type

/**
 * The candidate of a deployment.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Candidate = Schema.Struct({
  generation: Schema.Int,
  /** The snapshot it serves. */
  snapshot: Schema.Struct({ id: Schema.String, pipelineName: Schema.String, version: Schema.Int }),
  share: Share,
  /** The URL at which the candidate alone answers, for those who can reach it; absent if there is none. */
  url: Schema.optional(Schema.String),
  metadata: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  /** True if its parts run the check of the pipeline when they start. */
  checks: Schema.Boolean,
  /** The time since which it has callers. */
  since: Schema.DateTimeUtc
})

export type Candidate = typeof Candidate.Type

/**
 * A share as text: `1 of 10 pods (10%)`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const shareText = ({ of, parts, unit }: Share): string =>
  `${parts} of ${of} ${unit} (${Math.round((parts / of) * 1_000) / 10}%)`

/**
 * The error rate of a candidate that ends its canary.
 *
 * @category schemas
 * @since 0.2.0
 */
export const AbortRule = Schema.Struct({
  /** The percentage of failed runs above which the candidate is removed. */
  abortOnPercent: Schema.Number.pipe(Schema.between(0, 100)),
  /** The number of ended runs before a decision. */
  minRuns: Schema.Int.pipe(Schema.positive()),
  /** The time to watch, in milliseconds. */
  forMillis: Schema.Int.pipe(Schema.positive())
})

export type AbortRule = typeof AbortRule.Type
