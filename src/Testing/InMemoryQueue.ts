/** A queue in memory for tests of pipelines with a trigger: messages that are given back, or not taken, are delivered again. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Message } from "../Pipeline/Triggers.js"

/**
 * A queue of messages.
 *
 * @category models
 * @since 0.2.0
 */
export interface InMemoryQueue<A> {
  /** Adds a message. */
  readonly offer: (id: string, input: A) => Effect.Effect<void>
  /** Delivers the messages that were delivered and not taken again, as a broker does when its consumer dies. */
  readonly redeliver: Effect.Effect<void>
  /** The deliveries, for `Pipeline.trigger`. */
  readonly messages: Stream.Stream<Message<A>>
  /** The ids of the messages that were taken, in their order. */
  readonly taken: Effect.Effect<ReadonlyArray<string>>
  /** The number of deliveries so far. */
  readonly deliveries: Effect.Effect<number>
}

/**
 * Makes a queue.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <A>(): Effect.Effect<InMemoryQueue<A>> =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<readonly [id: string, input: A]>()
    const pending = yield* Ref.make<ReadonlyMap<string, A>>(new Map())
    const taken = yield* Ref.make<ReadonlyArray<string>>([])
    const deliveries = yield* Ref.make(0)
    const without = (id: string) => Ref.update(pending, (all) => new Map([...all].filter(([other]) => other !== id)))
    const deliver = ([id, input]: readonly [string, A]) =>
      Effect.as(
        Effect.zipRight(
          Ref.update(deliveries, (count) => count + 1),
          Ref.update(pending, (all) => new Map(all).set(id, input))
        ),
        {
          id,
          input,
          ack: Effect.zipRight(
            without(id),
            Ref.update(taken, (ids) => [...ids, id])
          ),
          nack: Effect.zipRight(without(id), Queue.offer(queue, [id, input] as const))
        }
      )
    return {
      offer: (id, input) => Effect.asVoid(Queue.offer(queue, [id, input] as const)),
      redeliver: Effect.flatMap(Ref.getAndSet(pending, new Map()), (all) => Queue.offerAll(queue, all)),
      messages: Stream.repeatEffect(Effect.flatMap(Queue.take(queue), deliver)),
      taken: Ref.get(taken),
      deliveries: Ref.get(deliveries)
    }
  })
