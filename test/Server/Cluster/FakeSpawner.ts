/** Workers that exist in memory only and say what the test has them say. */
import { Context, Effect, Layer, Queue } from "effect"
import type * as Protocol from "../../../src/Server/Cluster/Protocol.js"
import { type Exit, type Heard, Spawner } from "../../../src/Server/Cluster/Spawner.js"
import type { WorkerReport } from "../../../src/Server/Run/Metrics/Report.js"

export interface FakeWorker {
  readonly slot: number
  readonly pid: number
  /** What it was told, in order. */
  readonly told: Array<Protocol.ToWorker>
  readonly say: (message: Protocol.ToPrimary) => Effect.Effect<void>
  readonly end: (exit: Exit) => Effect.Effect<void>
  isKilled: boolean
}

export class Fakes extends Context.Tag("test/Fakes")<
  Fakes,
  {
    /** Every worker that was ever started, in order. */
    readonly all: ReadonlyArray<FakeWorker>
    /** Has workers do something as soon as they are told something, or are started (`undefined`). */
    readonly script: (act: Act) => void
  }
>() {}

export type Act = (worker: FakeWorker, told: Protocol.ToWorker | undefined) => Effect.Effect<void>

/** Warms up, listens and drains as a worker should. */
export const wellBehaved: Act = (worker, told) => {
  switch (told?._tag) {
    case undefined:
      return worker.say({ _tag: "Warm" })
    case "Listen":
      return worker.say({ _tag: "Listening" })
    case "Drain":
      return worker.end({ code: told.exitCode })
    default:
      return Effect.void
  }
}

export const layer: Layer.Layer<Spawner | Fakes> = Layer.effectContext(
  Effect.sync(() => {
    const all: Array<FakeWorker> = []
    let act = wellBehaved
    const spawner = Spawner.of({
      spawn: (slot) =>
        Effect.gen(function* () {
          const heard = yield* Queue.unbounded<Heard>()
          const worker: FakeWorker = {
            slot,
            pid: 1_000 + all.length,
            told: [],
            say: (message) => Effect.asVoid(heard.offer({ _tag: "Said", message })),
            end: (exit) => Effect.asVoid(heard.offer({ _tag: "Ended", exit })),
            isKilled: false
          }
          all.push(worker)
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              worker.isKilled = true
            })
          )
          yield* act(worker, undefined)
          return {
            pid: worker.pid,
            heard,
            give: () => false,
            send: (message) =>
              Effect.suspend(() => {
                worker.told.push(message)
                return act(worker, message)
              })
          }
        })
    })
    const fakes = {
      all,
      script: (next: Act) => {
        act = next
      }
    }
    return Context.make(Spawner, spawner).pipe(Context.add(Fakes, fakes))
  })
)

/** A report with some runs counted. */
export const report = (succeeded: number, options: Partial<WorkerReport> = {}): WorkerReport => ({
  user: [],
  counters: {
    runs: { succeeded, failed: 0, interrupted: 0 },
    durations: [succeeded, ...new Array<number>(15).fill(0)],
    durationSumSeconds: succeeded,
    shed: 0,
    keysRefused: { missing: 0, wrong: 0, scope: 0 }
  },
  inFlight: 1,
  queued: 0,
  condition: { phase: "ready", isRecording: true, checks: [] },
  process: {
    cpuSeconds: succeeded,
    residentBytes: 10,
    heapUsedBytes: 10,
    heapTotalBytes: 10,
    startTimeSeconds: 5,
    eventLoopLag: { meanSeconds: 0, p99Seconds: 0, maxSeconds: 0 }
  },
  ...options
})
