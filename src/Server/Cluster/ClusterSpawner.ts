/**
 * Starts workers as processes of `node:cluster`, which is loaded only for a service with workers.
 *
 * **Details**
 *
 * The primary accepts connections and passes them to the workers in turn. That balances evenly and works with every Node
 * version this library supports; `reusePort` does not.
 */
import type { Worker } from "node:cluster"
import type { Socket } from "node:net"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as ConnectionHandoff from "./ConnectionHandoff.js"
import * as Protocol from "./Protocol.js"
import { type Exit, type Heard, Spawner } from "./Spawner.js"

/** Starts the program of this process with the command `work`. Workers share its standard output and error. */
export const layer = (manifestFile: string): Layer.Layer<Spawner> =>
  Layer.effect(
    Spawner,
    Effect.gen(function* () {
      const { default: cluster } = yield* Effect.promise(() => import("node:cluster"))
      const handoff = ConnectionHandoff.make()
      const startedAt = yield* Clock.currentTimeMillis
      cluster.schedulingPolicy = cluster.SCHED_RR
      return {
        spawn: (slot) =>
          Effect.gen(function* () {
            const heard = yield* Queue.unbounded<Heard>()
            const { exited, worker } = yield* Effect.acquireRelease(
              Effect.sync(() => {
                cluster.setupPrimary({ args: ["work", manifestFile, `${slot}`, `${startedAt}`] })
                const worker = cluster.fork()
                handoff.follow(worker)
                hear(worker, heard)
                return { worker, exited: exitOf(worker) }
              }),
              ({ worker }) => Effect.sync(() => worker.process.kill("SIGKILL"))
            )
            const end = (exit: Exit) =>
              Effect.sync(() => {
                handoff.drop(worker)
                heard.unsafeOffer({ _tag: "Ended", exit })
              })
            const ending = Effect.flatMap(exited, (exit) => Effect.zipRight(drained(worker), end(exit)))
            yield* Effect.forkScoped(Effect.interruptible(ending))
            return {
              pid: worker.process.pid,
              send: (message) => send(worker, message),
              give: (connection) => give(worker, connection),
              heard
            }
          })
      }
    })
  )

// internal

const send = (worker: Worker, message: Protocol.ToWorker) =>
  Effect.sync(() => {
    // A closed channel is reported to the callback. Without a callback it would be an uncaught error.
    if (worker.isConnected()) worker.send(Protocol.encodeToWorker(message), () => {})
  })

const give = (worker: Worker, connection: Socket): boolean => {
  if (!worker.isConnected()) return false
  worker.process.send(Protocol.encodeToWorker({ _tag: "Connection" }), connection, {}, () => {})
  return true
}

const hear = (worker: Worker, heard: Queue.Enqueue<Heard>): void => {
  worker.on("message", (value: unknown) => {
    Option.map(Protocol.decodeToPrimary(value), (message) => heard.unsafeOffer({ _tag: "Said", message }))
  })
}

const exitOf = (worker: Worker): Effect.Effect<Exit> => {
  const exit = Deferred.unsafeMake<Exit>(FiberId.none)
  worker.on("exit", (code, signal) => {
    const how = { ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }
    Deferred.unsafeDone(exit, Effect.succeed(how))
  })
  worker.on("error", (error) => {
    if (worker.process.pid === undefined) Deferred.unsafeDone(exit, Effect.succeed({ reason: error.message }))
  })
  return Deferred.await(exit)
}

/**
 * Waits until every message of a process has arrived, which can be after its exit. It polls, because a channel that still
 * carried a connection never emits that it is closed.
 */
const drained = (worker: Worker): Effect.Effect<unknown> =>
  Effect.sync(() => worker.isConnected()).pipe(
    Effect.repeat({ while: (isConnected) => isConnected, schedule: Schedule.spaced("2 millis") }),
    Effect.delay("2 millis"),
    Effect.timeoutOption("1 second")
  )
