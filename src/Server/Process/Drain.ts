/** The end of a service's life: no new runs, a bounded time for those that go, everything stored. */
import * as Effect from "effect/Effect"
import type { NodeServer } from "../Http/NodeServer.js"
import { Invocation } from "../Run/Invocation.js"
import { RunRecorder } from "../Run/RunRecorder.js"
import { Lifecycle } from "./Lifecycle.js"
import { ServiceInfo } from "./ServiceInfo.js"

/**
 * Drains a service.
 *
 * **Details**
 *
 * New runs are refused and the port is closed at once, idle connections with it. Runs in flight may go on until
 * `drainTimeoutMillis`; then they are interrupted, recorded as `shutdown` and answered. When the last answer is out
 * and the last record stored, it is done. An idle service is done immediately.
 */
export const drain = (
  server: NodeServer
): Effect.Effect<void, never, ServiceInfo | Invocation | Lifecycle | RunRecorder> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const lifecycle = yield* Lifecycle
    const recorder = yield* RunRecorder
    yield* lifecycle.drain
    const closing = yield* Effect.fork(server.close)
    yield* finishRuns(manifest.serving.drainTimeoutMillis)
    yield* Effect.timeoutOption(closing, "1 second")
    yield* recorder.flush
  })

// internal

const finishRuns = (timeoutMillis: number): Effect.Effect<void, never, Invocation> =>
  Effect.gen(function* () {
    const { idle, inFlight, interruptAll, queued } = yield* Invocation
    yield* Effect.logInfo(`Draining: ${inFlight()} runs in flight, ${queued()} waiting.`)
    const inTime = yield* Effect.timeoutOption(idle, timeoutMillis)
    if (inTime._tag === "Some") return
    yield* Effect.logWarning(`Runs did not finish within ${timeoutMillis} ms and are interrupted.`)
    yield* interruptAll("shutdown")
    yield* Effect.asVoid(Effect.timeoutOption(idle, "5 seconds"))
  })
