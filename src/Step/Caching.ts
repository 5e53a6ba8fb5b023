/** Steps whose recorded outputs are used again. */
import * as Duration from "effect/Duration"

/**
 * The options of a cached step.
 *
 * @category models
 * @since 0.1.0
 */
export interface CacheOptions<in I> {
  /** The time for which an output is used again; default as long as its run is on record. */
  readonly ttl?: Duration.DurationInput | undefined
  /** The part of the input that decides, as a JSON value; default the whole input. */
  readonly key?: ((input: I) => unknown) | undefined
}

/**
 * A cached step, as the serving runtime sees it.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepCaching {
  readonly ttlMillis: number | undefined
  readonly key: ((input: never) => unknown) | undefined
}

/** The caching that the option `cache` of a step asks for. */
export const fromOption = <I>(cache: boolean | CacheOptions<I> | undefined): StepCaching | undefined => {
  if (cache === undefined || cache === false) return undefined
  const { key, ttl } = cache === true ? {} : cache
  return { ttlMillis: ttl === undefined ? undefined : Duration.toMillis(ttl), key }
}
