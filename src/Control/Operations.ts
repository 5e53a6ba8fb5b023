/**
 * The changes that callers of the control API asked for. A change goes on when the connection of its caller breaks; a
 * caller that sends its id again gets its outcome, and one that gives up cancels it.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type { DurationInput } from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"

/** The changes of one kind. */
export interface Kind<A, E> {
  /** Runs a change in the scope of the server, or joins the one of that id. */
  readonly run: (id: string, change: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

interface Service {
  /** Makes a kind of changes. */
  readonly kind: <A, E>() => Kind<A, E>
  /** Interrupts a change and waits for its end. One that was not asked for yet never begins. */
  readonly cancel: (id: string) => Effect.Effect<void>
  /** Waits until the caller opens the gate of its change. */
  readonly gate: (id: string) => Effect.Effect<void, GateClosed>
  /** Waits until the server ends. Its streams end then, because it waits for its connections. */
  readonly closed: Effect.Effect<void>
  /** Opens the gate of a change, or closes it with a reason. */
  readonly settleGate: (id: string, failure: string | undefined) => Effect.Effect<void>
}

/** The changes of this server. */
export class Operations extends Context.Tag("effect-deployers/Control/Operations")<Operations, Service>() {}

/** The reason of a caller to leave a new version without callers. */
export interface GateClosed {
  readonly message: string
}

/** The time for which the outcome of a change is kept for a caller that lost the answer. */
const kept: DurationInput = "10 minutes"

const make = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const closed = yield* Deferred.make<void>()
  yield* Effect.addFinalizer(() => Deferred.succeed(closed, undefined))
  const cancels = new Map<string, Effect.Effect<void>>()
  const gates = new Map<string, Deferred.Deferred<void, GateClosed>>()

  /** Forgets what a caller may ask for again, some time after the end of an effect. */
  const forgetAfter = (ended: Effect.Effect<unknown>, forget: () => void) =>
    // The region that asks for it may be uninterruptible, and the end of the server does not wait for it.
    Effect.forkIn(Effect.interruptible(Effect.zipRight(ended, Effect.delay(Effect.sync(forget), kept))), scope)

  const gateOf = (id: string) =>
    Effect.suspend(() => {
      const known = gates.get(id)
      if (known !== undefined) return Effect.succeed(known)
      return Effect.tap(Deferred.make<void, GateClosed>(), (made) => {
        gates.set(id, made)
        return forgetAfter(Effect.exit(Deferred.await(made)), () => gates.delete(id))
      })
    })

  const kind = <A, E>(): Kind<A, E> => {
    const changes = new Map<string, Fiber.Fiber<A, E>>()
    const begin = (id: string, change: Effect.Effect<A, E>) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkIn(cancels.has(id) ? Effect.interrupt : change, scope)
        changes.set(id, fiber)
        cancels.set(id, Effect.asVoid(Fiber.interrupt(fiber)))
        yield* forgetAfter(Fiber.await(fiber), () => {
          changes.delete(id)
          cancels.delete(id)
        })
        return fiber
      })
    return {
      run: (id, change) =>
        Effect.uninterruptible(
          Effect.suspend(() => {
            const known = changes.get(id)
            return known === undefined ? begin(id, Effect.interruptible(change)) : Effect.succeed(known)
          })
        ).pipe(Effect.flatMap(Fiber.await), Effect.flatten)
    }
  }

  return Operations.of({
    kind,
    closed: Deferred.await(closed),
    cancel: (id) =>
      Effect.suspend(() => {
        const cancel = cancels.get(id)
        if (cancel !== undefined) return cancel
        cancels.set(id, Effect.void)
        return Effect.asVoid(forgetAfter(Effect.void, () => cancels.delete(id)))
      }),
    gate: (id) => Effect.flatMap(gateOf(id), Deferred.await),
    settleGate: (id, failure) =>
      Effect.flatMap(gateOf(id), (gate) =>
        failure === undefined ? Deferred.succeed(gate, undefined) : Deferred.fail(gate, { message: failure })
      )
  })
})

/** The changes of a server, which end with its scope. */
export const layer: Layer.Layer<Operations> = Layer.scoped(Operations, make)
