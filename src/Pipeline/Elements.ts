/** The outputs of a pipeline that streams: a list of elements, which callers may also receive one by one. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { CurrentRun } from "../Run.js"

/**
 * Marks the outputs of pipelines that stream, also those of another copy of this library.
 *
 * @category type IDs
 * @since 0.2.0
 */
export const ElementsTypeId: unique symbol = Symbol.for("effect-deployers/Pipeline/Elements")

/**
 * @category type IDs
 * @since 0.2.0
 */
export type ElementsTypeId = typeof ElementsTypeId

/**
 * The schema of the outputs of a pipeline that streams: the list of all elements.
 *
 * @category schemas
 * @since 0.2.0
 */
export interface Elements<A extends Schema.Schema.AnyNoContext>
  extends Schema.Schema<ReadonlyArray<Schema.Schema.Type<A>>, ReadonlyArray<Schema.Schema.Encoded<A>>> {
  readonly [ElementsTypeId]: ElementsTypeId
  /** The schema of one element. */
  readonly element: A
}

/**
 * The outputs of a pipeline that streams elements of a schema.
 *
 * @category constructors
 * @since 0.2.0
 */
export const elements = <A extends Schema.Schema.AnyNoContext>(element: A): Elements<A> => {
  const list: Schema.Schema<
    ReadonlyArray<Schema.Schema.Type<A>>,
    ReadonlyArray<Schema.Schema.Encoded<A>>
  > = Schema.Array(Schema.asSchema(element) as Schema.Schema<Schema.Schema.Type<A>, Schema.Schema.Encoded<A>>)
  return Object.assign(list, { [ElementsTypeId]: ElementsTypeId, element } as const)
}

/**
 * True for the outputs of a pipeline that streams.
 *
 * @category guards
 * @since 0.2.0
 */
export const isElements = (schema: unknown): schema is Elements<Schema.Schema.AnyNoContext> =>
  Predicate.hasProperty(schema, ElementsTypeId)

/**
 * Runs a stream within a run, which takes each element. The list is empty if the caller of the run receives the elements
 * one by one.
 */
export const emitting = <A extends Schema.Schema.AnyNoContext, E, R>(
  element: A,
  run: () => Stream.Stream<Schema.Schema.Type<A>, E, R>
): Effect.Effect<ReadonlyArray<Schema.Schema.Type<A>>, E, R> => {
  const emission = { element }
  return Effect.flatMap(CurrentRun, (listener): Effect.Effect<ReadonlyArray<Schema.Schema.Type<A>>, E, R> => {
    const all = Stream.suspend(run)
    if (listener.emitted === undefined) return collected(all)
    const emit = (value: Schema.Schema.Type<A>) => listener.emitted?.(emission, value) ?? Effect.void
    return listener.takesElements === true
      ? Effect.as(Stream.runForEach(all, emit), [])
      : collected(Stream.tap(all, emit))
  })
}

// internal

const collected = <A, E, R>(all: Stream.Stream<A, E, R>): Effect.Effect<ReadonlyArray<A>, E, R> =>
  Effect.map(Stream.runCollect(all), Chunk.toReadonlyArray)
