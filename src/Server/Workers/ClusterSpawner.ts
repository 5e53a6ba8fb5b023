/**
 * Workers as processes of `node:cluster`, which is loaded only when there are any.
 *
 * **Details**
 *
 * The primary accepts connections and hands them out in turn; that balances evenly and works with every Node this library
 * runs on, which `reusePort` does not.
 *
 * @since 0.1.0
 */
import type { Worker } from "node:cluster"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Protocol from "./Protocol.js"
import { type Exit, type Heard, Spawner } from "./Spawner.js"

/**
 * Starts this process's own program with the command `work`. Workers share standard output and error with it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (manifestFile: string): Layer.Layer<Spawner> =>
  Layer.effect(
    Spawner,
    Effect.gen(function* () {
      const { default: cluster } = yield* Effect.promise(() => import("node:cluster"))
      const startedAt = yield* Clock.currentTimeMillis
      cluster.schedulingPolicy = cluster.SCHED_RR
      return {
        spawn: (slot) =>
          Effect.gen(function* () {
            const heard = yield* Queue.unbounded<Heard>()
            const worker = yield* Effect.acquireRelease(
              Effect.sync(() => {
                cluster.setupPrimary({ args: ["work", manifestFile, `${slot}`, `${startedAt}`] })
                const worker = cluster.fork()
                hear(worker, heard)
                return worker
              }),
              (worker) => Effect.sync(() => worker.process.kill("SIGKILL"))
            )
            return { pid: worker.process.pid, send: (message) => send(worker, message), heard }
          })
      }
    })
  )

// internal

const send = (worker: Worker, message: Protocol.ToWorker) =>
  Effect.sync(() => {
    // A channel that closes meanwhile is told to the callback; without one it would be an uncaught error.
    if (worker.isConnected()) worker.send(Protocol.encodeToWorker(message), () => {})
  })

/** What a process said may arrive after its exit is known, so its end is what comes last of both. */
const hear = (worker: Worker, heard: Queue.Enqueue<Heard>): void => {
  let exit: Exit | undefined
  let isCut = false
  let hasEnded = false
  const settle = () => {
    if (hasEnded || exit === undefined || !isCut) return
    hasEnded = true
    heard.unsafeOffer({ _tag: "Ended", exit })
  }
  const cut = () => {
    isCut = true
    settle()
  }
  worker.on("message", (value: unknown) => {
    Option.map(Protocol.decodeToPrimary(value), (message) => heard.unsafeOffer({ _tag: "Said", message }))
  })
  worker.on("disconnect", cut)
  worker.on("exit", (code, signal) => {
    exit = { ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }
    settle()
  })
  worker.on("error", (error) => {
    if (worker.process.pid !== undefined) return
    exit = { reason: error.message }
    cut()
  })
}
