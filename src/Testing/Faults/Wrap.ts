/** Puts something around every member of a service that is, or answers, an effect or a stream. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { Failure, Failures } from "./Failures.js"

/** The wrapper of a service. */
export interface Around {
  readonly effect: <A, E, R>(
    name: string,
    failure: Failure<E> | undefined,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
  readonly stream: <A, E, R>(
    name: string,
    failure: Failure<E> | undefined,
    stream: Stream.Stream<A, E, R>
  ) => Stream.Stream<A, E, R>
}

/**
 * A service like the given one, generated from it: effects, streams, functions that answer them, and groups of those are
 * wrapped, everything else is passed on.
 */
export const wrapWith =
  (around: Around) =>
  <S extends object>(name: string, service: S, failures: Failures<S>): S =>
    wrapGroup(around, name, [], service, failures.of)

// internal

type Look = (path: ReadonlyArray<string>) => Failure<unknown> | undefined

const wrapGroup = <S extends object>(
  around: Around,
  name: string,
  path: ReadonlyArray<string>,
  group: S,
  look: Look
): S => {
  const wrapped: unknown = Object.assign(
    Object.create(Object.getPrototypeOf(group)),
    Object.fromEntries(
      Object.entries(group).map(([key, member]) => [
        key,
        wrapMember(around, `${name}.${key}`, [...path, key], member, look)
      ])
    )
  )
  // The members are those of the service, each of its own type.
  return wrapped as S
}

const wrapMember = (
  around: Around,
  name: string,
  path: ReadonlyArray<string>,
  member: unknown,
  look: Look
): unknown => {
  if (isEffect(member) || isStream(member)) return wrapAnswer(around, name, path, member, look)
  if (typeof member === "function") {
    return isSchemaLike(member)
      ? member
      : (...args: ReadonlyArray<unknown>) =>
          wrapAnswer(around, name, path, Reflect.apply(member, undefined, args), look)
  }
  return isGroup(member) ? wrapGroup(around, name, path, member, look) : member
}

const wrapAnswer = (
  around: Around,
  name: string,
  path: ReadonlyArray<string>,
  answer: unknown,
  look: Look
): unknown => {
  if (isStream(answer)) return around.stream(name, look(path), answer)
  return isEffect(answer) ? around.effect(name, look(path), answer) : answer
}

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown, unknown> => Effect.isEffect(value)

const isStream = (value: unknown): value is Stream.Stream<unknown, unknown, unknown> =>
  Predicate.hasProperty(value, Stream.StreamTypeId)

/** Classes, and Schemas, which are functions too. */
const isSchemaLike = (value: object): boolean =>
  Predicate.hasProperty(value, "ast") || Predicate.hasProperty(value, "prototype")

const isGroup = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  Object.values(value).some((member) => typeof member === "function" || isEffect(member) || isStream(member))
