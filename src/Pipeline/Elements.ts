/** The outputs of a pipeline that streams: a list of elements, which callers may also receive one by one. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
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
    const collected: Array<Schema.Schema.Type<A>> = []
    const isKept = listener.takesElements !== true
    const take = (value: Schema.Schema.Type<A>): Effect.Effect<void> => {
      if (isKept) collected.push(value)
      return listener.emitted?.(emission, value) ?? Effect.void
    }
    return Effect.as(
      runChunks(Stream.suspend(run), (chunk) => takeAll(chunk, take)),
      collected
    )
  })
}

// internal

/** Runs a stream in this fiber. `Stream.runForEachChunk` does the same in one of its own, which costs as much as the run. */
const runChunks = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  take: (chunk: Chunk.Chunk<A>) => Effect.Effect<void>
): Effect.Effect<void, E, R> =>
  Effect.acquireUseRelease(
    Scope.make(),
    (scope) =>
      Effect.flatMap(Scope.extend(Stream.toPull(stream), scope), (pull) =>
        Effect.catchAll(Effect.forever(Effect.flatMap(pull, take)), (end) =>
          Option.isNone(end) ? Effect.void : Effect.fail(end.value)
        )
      ),
    (scope, exit) => Scope.close(scope, exit)
  )

/** Elements that are taken before the fiber may yield. */
const atOnce = 64

/** Takes elements in their order. Most are taken without a wait, and then an effect for each would cost more than the element. */
const takeAll = <A>(chunk: Chunk.Chunk<A>, take: (value: A) => Effect.Effect<void>, from = 0): Effect.Effect<void> =>
  Effect.suspend(() => {
    const end = Math.min(chunk.length, from + atOnce)
    for (let index = from; index < end; index++) {
      const taken = take(Chunk.unsafeGet(chunk, index))
      if (taken !== Effect.void) return Effect.zipRight(taken, takeAll(chunk, take, index + 1))
    }
    return end === chunk.length ? Effect.void : Effect.zipRight(Effect.yieldNow(), takeAll(chunk, take, end))
  })
