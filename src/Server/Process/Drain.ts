/** The end of a service: it refuses new runs, gives runs in progress a bounded time, and stores every record. */
import * as Effect from "effect/Effect"
import { ServiceInfo } from "../Http/ServiceInfo.js"
import { Invocation, Lifecycle } from "../Run/Invocation.js"
import { RunRecorder } from "../Run/RunRecorder.js"

/**
 * Drains a service.
 *
 * **Details**
 *
 * New runs are refused and `close` starts at once: it closes the port, if there is one, with its idle connections. Runs in
 * flight may take `drainTimeoutMillis`; then they are interrupted, recorded as `shutdown` and answered. The drain ends when
 * the last answer is out and the last record stored; that of an idle service ends immediately.
 */
export const drain = (
  close: Effect.Effect<void>
): Effect.Effect<void, never, ServiceInfo | Invocation | Lifecycle | RunRecorder> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const lifecycle = yield* Lifecycle
    const recorder = yield* RunRecorder
    yield* lifecycle.drain
    const closing = yield* Effect.fork(close)
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
