/** The channel of a worker to its primary. */
import { Socket } from "node:net"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Ending } from "../Process/Signals.js"
import type { Condition } from "../Run/Metrics/Report.js"
import * as Protocol from "./Protocol.js"

/** Sends and receives messages: the channel to the process that started this one, or one of a test. */
export interface Channel {
  /** Sends a value, and calls back when it is sent or cannot be sent. */
  readonly send: (value: object, onSent: () => void) => void
  /** Calls the listener with every message and what came with it, until the returned function is called. */
  readonly listen: (listener: (value: unknown, handle?: unknown) => void) => () => void
}

export class WorkerChannel extends Context.Tag("effect-deployers/Server/Workers/Link")<
  WorkerChannel,
  {
    /** Succeeds when the message is sent. */
    readonly send: (message: Protocol.ToPrimary) => Effect.Effect<void>
    /** Asks, and waits for the answer. */
    readonly ask: (ask: Protocol.Ask) => Effect.Effect<Protocol.Answer>
    /** The questions to this worker, with the number of the reply. */
    readonly questions: Queue.Dequeue<Extract<Protocol.ToWorker, { readonly _tag: "Question" }>>
    /** Waits for the address to listen on. */
    readonly address: Effect.Effect<{ readonly host: string; readonly port: number }>
    /** Calls back with every connection of the door, from now on. */
    readonly onConnection: (take: (connection: Socket) => void) => Effect.Effect<void>
    /** Waits until the door leads to another version. */
    readonly left: Effect.Effect<void>
    /** Waits for the order to stop. */
    readonly told: Effect.Effect<Ending>
    /** The last known condition of the service. */
    readonly condition: () => Condition | undefined
  }
>() {}

/** Makes the service over a channel. */
export const make = (channel: Channel): Effect.Effect<Context.Tag.Service<WorkerChannel>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const address = yield* Deferred.make<{ readonly host: string; readonly port: number }>()
    const left = yield* Deferred.make<void>()
    const told = yield* Deferred.make<Ending>()
    const questions = yield* Queue.unbounded<Extract<Protocol.ToWorker, { readonly _tag: "Question" }>>()
    const waiting = new Map<number, (answer: Protocol.Answer) => void>()
    let condition: Condition | undefined
    let asked = 0
    let takeConnection = (connection: Socket): void => {
      connection.destroy()
    }

    const take = (message: Protocol.ToWorker, handle: unknown): void => {
      switch (message._tag) {
        case "Connection":
          // A caller that has gone in the meantime leaves none.
          if (handle instanceof Socket) takeConnection(handle)
          channel.send(Protocol.encodeToPrimary({ _tag: "Taken" }), () => {})
          break
        case "Leave":
          Deferred.unsafeDone(left, Effect.void)
          break
        case "Listen":
          Deferred.unsafeDone(address, Effect.succeed({ host: message.host, port: message.port }))
          break
        case "Drain":
          condition = {
            phase: "draining",
            isRecording: condition?.isRecording ?? true,
            checks: condition?.checks ?? []
          }
          Deferred.unsafeDone(told, Effect.succeed({ reason: message.reason, exitCode: message.exitCode }))
          break
        case "Service":
          condition = message.condition
          break
        case "Question":
          questions.unsafeOffer(message)
          break
        case "Answer":
          waiting.get(message.id)?.(message.answer)
      }
    }
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        channel.listen((value, handle) =>
          Option.map(Protocol.decodeToWorker(value), (message) => take(message, handle))
        )
      ),
      (leave) => Effect.sync(leave)
    )
    const send = (message: Protocol.ToPrimary) =>
      Effect.async<void>((resume) => channel.send(Protocol.encodeToPrimary(message), () => resume(Effect.void)))
    return {
      send,
      ask: (ask) =>
        Effect.async((resume) => {
          const id = ++asked
          waiting.set(id, (answer) => {
            waiting.delete(id)
            resume(Effect.succeed(answer))
          })
          channel.send(Protocol.encodeToPrimary({ _tag: "Ask", id, ask }), () => {})
          return Effect.sync(() => waiting.delete(id))
        }),
      questions,
      address: Deferred.await(address),
      onConnection: (take) =>
        Effect.sync(() => {
          takeConnection = take
        }),
      left: Deferred.await(left),
      told: Deferred.await(told),
      condition: () => condition
    }
  })

/**
 * The channel this process was given by the one that started it, if it was given one. What cannot be sent is dropped: the
 * other side is gone then, and this process ends.
 */
export const ofProcess = (): Channel | undefined =>
  process.send === undefined
    ? undefined
    : {
        send: (value, onSent) => {
          if (process.connected) process.send?.(value, undefined, {}, onSent)
          else onSent()
        },
        listen: (listener) => {
          process.on("message", listener)
          return () => process.off("message", listener)
        }
      }

export const layer = (channel: Channel): Layer.Layer<WorkerChannel> => Layer.scoped(WorkerChannel, make(channel))
