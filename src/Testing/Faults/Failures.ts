/**
 * Which errors a service's members fail with when a fault says so. The types of the service decide what may stand there.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Stream from "effect/Stream"

/**
 * The failures of one member.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure<out E> {
  /** The failure of a call that did nothing. */
  readonly before: (point: string) => E
  /** The failure of a call that acted and lost its reply; default as `before`. */
  readonly after?: ((point: string) => E) | undefined
  /** The failure at the deadline that the service promises; without one a hanging call hangs for ever. */
  readonly late?:
    | {
        readonly deadline: Duration.DurationInput
        /** Made when the deadline has passed. */
        readonly error: (point: string) => E
      }
    | undefined
}

type Answers<E> = Effect.Effect<unknown, E, unknown> | Stream.Stream<unknown, E, unknown>

/** The failure of a member that is or returns an effect or a stream; `never` for every other member. */
type FailureOf<M> =
  M extends Answers<infer E>
    ? [E] extends [never]
      ? never
      : Failure<E>
    : M extends (...args: never) => Answers<infer E>
      ? [E] extends [never]
        ? never
        : Failure<E>
      : never

type Leaves<S> = {
  readonly [K in keyof S as FailureOf<NonNullable<S[K]>> extends never ? never : K]-?: FailureOf<NonNullable<S[K]>>
}

type Groups<S> = {
  readonly [K in keyof S as IsGroup<NonNullable<S[K]>> extends true ? K : never]-?: Leaves<NonNullable<S[K]>>
}

type IsGroup<M> = M extends
  | Answers<unknown>
  | ((...args: never) => unknown)
  | string
  | number
  | boolean
  | ReadonlyArray<unknown>
  ? false
  : keyof Leaves<M> extends never
    ? false
    : true

/**
 * A failure for every member of a service that can fail; groups of members have a table of their own.
 *
 * @category models
 * @since 0.1.0
 */
export type Table<S> = Leaves<S> & Groups<S>

type Part<T> = { readonly [K in keyof T]?: T[K] extends Failure<unknown> ? T[K] : Part<T[K]> }

type AnyOf<T> = { readonly [K in keyof T]: T[K] extends Failure<unknown> ? T[K] : AnyOf<T[K]> }[keyof T]

type Common<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never

/**
 * The failures of a service.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failures<in S> {
  /** That of a member by its path, such as `["containers", "create"]`. */
  readonly of: (path: ReadonlyArray<string>) => Failure<unknown> | undefined
  /** Ties the failures to their service; there is no such field. */
  readonly _S?: (service: S) => void
}

/**
 * Failures from a complete table: it does not compile without a member that can fail, or with an error it cannot fail
 * with.
 *
 * @category constructors
 * @since 0.1.0
 */
export const table = <S>(entries: Table<S>): Failures<S> => ({ of: (path) => lookUp(entries, path) })

/**
 * One failure that every member of a service can have, with exceptions. Members the service gets later are covered.
 *
 * @category constructors
 * @since 0.1.0
 */
export const every = <S>(
  failure: Common<AnyOf<Table<S>>> & Failure<unknown>,
  except: Part<Table<S>> = {}
): Failures<S> => ({
  of: (path) => lookUp(except, path) ?? failure
})

// internal

const lookUp = (entries: unknown, [first, ...rest]: ReadonlyArray<string>): Failure<unknown> | undefined => {
  if (first === undefined) return isFailure(entries) ? entries : undefined
  return Predicate.hasProperty(entries, first) ? lookUp(entries[first], rest) : undefined
}

const isFailure = (value: unknown): value is Failure<unknown> => Predicate.hasProperty(value, "before")
