/** The way every request takes to the engine: where tests make it slow, deaf or forgetful. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { EngineRefused, EngineTimeout, EngineUnreachable } from "../../Docker/Client/Errors.js"
import { OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { Signal, World } from "./Model.js"

/** The address that the engine reports. */
export const host = "fake://engine"

const unreachable = (operation: string, reason: string) => new EngineUnreachable({ operation, host, reason })

const admit = <E>(
  world: World,
  operation: string,
  broken: E
): Effect.Effect<void, E | EngineUnreachable | EngineRefused> =>
  Effect.gen(function* () {
    world.operations.push(operation)
    if (world.refusing) {
      return yield* new EngineRefused({ operation, host, reason: "the system says EACCES on its socket" })
    }
    if (!world.reachable) return yield* unreachable(operation, "no process listens there")
    yield* Effect.sleep(world.delay)
    yield* world.answering.await
    if (!world.reachable) return yield* Effect.fail(broken)
  })

const losesReply = (world: World, operation: string): boolean => {
  if (world.loseReplyOf?.(operation) !== true) return false
  world.loseReplyOf = undefined
  return true
}

/** Asks something. */
export const query = <A, E>(
  world: World,
  operation: string,
  answer: Effect.Effect<A, E>
): Effect.Effect<A, E | EngineUnreachable | EngineRefused | EngineTimeout> =>
  admit(world, operation, unreachable(operation, "the connection broke")).pipe(
    Effect.timeoutFail({
      duration: world.deadline,
      onTimeout: () => new EngineTimeout({ operation, timeoutMillis: Duration.toMillis(world.deadline) })
    }),
    Effect.zipRight(answer),
    Effect.tap(() => (losesReply(world, operation) ? unreachable(operation, "the connection broke") : Effect.void))
  )

/** Runs a change. An admitted change completes, also if the client does not wait for the answer. */
export const change = <A, E>(
  world: World,
  operation: string,
  resource: string,
  effect: Effect.Effect<A, E>,
  patience: Duration.DurationInput = world.deadline
): Effect.Effect<A, E | EngineUnreachable | EngineRefused | OutcomeUnknown> => {
  const lost = new OutcomeUnknown({ operation, resource })
  const carriedOut = Effect.flatMap(Effect.forkIn(effect, world.scope), Fiber.join)
  return admit(world, operation, lost).pipe(
    Effect.zipRight(carriedOut),
    Effect.timeoutFail({ duration: patience, onTimeout: () => lost }),
    Effect.tap(() => (losesReply(world, operation) ? Effect.fail(lost) : Effect.void))
  )
}

/** Asks something whose answer goes on: what `read` makes of signals, until the engine goes down. */
export const follow = <A, E>(
  world: World,
  operation: string,
  start: Effect.Effect<ReadonlyArray<A>, E>,
  read: (signal: Signal) => ReadonlyArray<A>,
  ends: (signal: Signal) => boolean = () => false
): Stream.Stream<A, E | EngineUnreachable | EngineRefused | EngineTimeout> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const signals = yield* PubSub.subscribe(world.signals)
      const before = yield* query(world, operation, start)
      const after = Stream.fromQueue(signals).pipe(
        Stream.mapEffect((signal) =>
          signal._tag === "Down" ? unreachable(operation, "the connection broke") : Effect.succeed(signal)
        ),
        Stream.takeUntil(ends),
        Stream.mapConcat(read)
      )
      return Stream.concat(Stream.fromIterable(before), after)
    })
  )
