import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Option, Schema } from "effect"
import { Settings } from "effect-deployers"
import * as Protocol from "../../../src/Server/Cluster/Protocol.js"
import * as WorkerLimits from "../../../src/Server/Cluster/WorkerLimits.js"
import * as Report from "../../../src/Server/Run/Metrics/Report.js"
import { buckets, render } from "../../../src/Server/Run/Metrics.js"
import * as RunIndexAllocator from "../../../src/Server/Run/Records/RunIndexAllocator.js"
import { manifestTest } from "../Manifest.js"
import { weather } from "../Pipelines.js"
import { report } from "./FakeSpawner.js"

const count = FastCheck.nat(1_000_000)
const reports: FastCheck.Arbitrary<Report.WorkerReport> = FastCheck.record({
  user: FastCheck.constant([]),
  counters: FastCheck.record({
    runs: FastCheck.record({ succeeded: count, failed: count, interrupted: count }),
    durations: FastCheck.array(count, { minLength: buckets.length + 1, maxLength: buckets.length + 1 }),
    durationSumSeconds: count,
    shed: count,
    keysRefused: FastCheck.record({ missing: count, wrong: count, scope: count })
  }),
  inFlight: count,
  queued: count,
  condition: FastCheck.record({
    phase: FastCheck.constantFrom("starting", "ready", "draining"),
    isRecording: FastCheck.boolean(),
    checks: FastCheck.constant([])
  }),
  process: FastCheck.record({
    cpuSeconds: count,
    residentBytes: count,
    heapUsedBytes: count,
    heapTotalBytes: count,
    startTimeSeconds: count,
    eventLoopLag: FastCheck.record({ meanSeconds: count, p99Seconds: count, maxSeconds: count })
  })
})
const nothing: Report.Past = { counters: Report.zero, cpuSeconds: 0, user: [] }
const combined = (live: ReadonlyArray<Report.WorkerReport>, past: Report.Past, primary = report(0).process) =>
  Report.combine({ reports: live, past, primary, isReady: true, workers: live.length, workerRestarts: 0 })

/** Every sample of an exposition but those that are no sums. */
const samples = (service: Report.ServiceReport) => {
  const { counters, ...gauges } = service
  return new Map(
    render(counters, gauges)
      .split("\n")
      .filter((line) => line !== "" && !/^#|event_loop|start_time|_ready|workers/.test(line))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))] as const)
  )
}

describe("the report of a service", () => {
  it.prop("is the sum of its parts, sample by sample", [FastCheck.array(reports, { maxLength: 5 })], ([parts]) => {
    const whole = samples(combined(parts, nothing))
    const primary = samples(combined([], nothing))
    const each = parts.map((part) => samples(combined([part], nothing)))
    for (const [name, value] of whole) {
      const own = primary.get(name) ?? 0
      const sum = each.reduce((total, part) => total + (part.get(name) ?? 0) - own, own)
      assert.strictEqual(value, sum, name)
    }
  })

  it.prop(
    "does not go back when a worker goes",
    [FastCheck.array(reports, { minLength: 1, maxLength: 5 }), FastCheck.nat(4)],
    ([parts, which]) => {
      const gone = parts[which % parts.length]
      const left = parts.filter((part) => part !== gone)
      const before = combined(parts, nothing)
      const after = combined(left, Report.retire(nothing, gone))
      assert.deepStrictEqual(after.counters, before.counters)
      assert.strictEqual(after.process.cpuSeconds, before.process.cpuSeconds)
    }
  )

  it.prop("takes the worst lag and the primary's start", [FastCheck.array(reports, { maxLength: 5 })], ([parts]) => {
    const { process } = combined(parts, nothing)
    assert.strictEqual(
      process.eventLoopLag.maxSeconds,
      Math.max(0, ...parts.map((part) => part.process.eventLoopLag.maxSeconds))
    )
    assert.strictEqual(process.startTimeSeconds, report(0).process.startTimeSeconds)
  })
})

describe("shares", () => {
  it.prop(
    "add up to the whole and differ by one at most",
    [FastCheck.nat(5_000), FastCheck.integer({ min: 1, max: 64 })],
    ([whole, workers]) => {
      const shares = WorkerLimits.slots(workers).map((slot) => WorkerLimits.share(whole, slot, workers))
      assert.strictEqual(
        shares.reduce((sum, share) => sum + share, 0),
        whole
      )
      assert.isAtMost(Math.max(...shares) - Math.min(...shares), 1)
    }
  )

  it("leave no worker without a slot", () => {
    const serving = Schema.decodeSync(Settings.Serving)
    assert.strictEqual(Settings.workersOf(serving({})), 1)
    assert.strictEqual(Settings.workersOf(serving({ workers: 8 })), 8)
    assert.strictEqual(Settings.workersOf(serving({ workers: 8, maxConcurrency: 3 })), 3)
    assert.strictEqual(Settings.workersOf(serving({ workers: 8, maxStreams: 3 })), 3)
    assert.strictEqual(Settings.workersOf(serving({ workers: 8, maxStreams: 0 })), 8)
    assert.throws(() => serving({ workers: 0 }))
    assert.throws(() => serving({ workers: 65 }))
  })

  it("give each worker a share of the runs and streams, and the number of all", () => {
    const manifest = manifestTest(weather, { serving: { workers: 4, maxConcurrency: 8, maxStreams: 3, maxQueue: 0 } })
    const slots = WorkerLimits.slots(Settings.workersOf(manifest.serving))
    const shares = slots.map((slot) => WorkerLimits.manifestOf(manifest, slot).serving)
    assert.deepStrictEqual(
      shares.map(({ maxConcurrency, maxStreams, workers }) => [maxConcurrency, maxStreams, workers]),
      [
        [3, 1, 3],
        [3, 1, 3],
        [2, 1, 3]
      ]
    )
  })

  it("separate the runs of each slot and generation", () => {
    const owners = [1, 2, 3].flatMap((generation) =>
      [0, 1, 2, 64].map((slot) => WorkerLimits.ownerOf(generation, slot))
    )
    assert.strictEqual(new Set(owners).size, owners.length)
    assert.isTrue(owners.every(Number.isSafeInteger))
    assert.strictEqual(WorkerLimits.ownerOf(7, 0), 7)
  })
})

describe("indexes of runs", () => {
  it.effect("are unique over workers and follow the last recorded index", () =>
    Effect.gen(function* () {
      const blocks = yield* RunIndexAllocator.blocks(Effect.succeed(10), 3)
      const first = yield* RunIndexAllocator.fromBlocks(blocks)
      const second = yield* RunIndexAllocator.fromBlocks(blocks)
      const take = (next: () => Effect.Effect<number>) => Effect.suspend(next)
      const given = yield* Effect.all([first, second, first, first, second, first, second, second].map(take), {
        concurrency: "unbounded"
      })
      assert.strictEqual(new Set(given).size, given.length)
      assert.isAbove(Math.min(...given), 10)
    })
  )
  it.effect("request the next block once for many runs", () =>
    Effect.gen(function* () {
      let asked = 0
      const next = yield* RunIndexAllocator.fromBlocks(
        Effect.zipRight(
          Effect.yieldNow(),
          Effect.sync(() => ({ first: asked++ * 100 + 1, size: 100 }))
        )
      )
      const given = yield* Effect.all(
        Array.from({ length: 100 }, () => Effect.suspend(next)),
        {
          concurrency: "unbounded"
        }
      )
      assert.strictEqual(new Set(given).size, 100)
      assert.strictEqual(asked, 1)
    })
  )
})

describe("messages", () => {
  it("of others are ignored", () => {
    for (const value of [undefined, null, 1, "Warm", { _tag: "Warm" }, { "effect-deployers": { _tag: "Other" } }]) {
      assert.isTrue(Option.isNone(Protocol.decodeToPrimary(value)))
      assert.isTrue(Option.isNone(Protocol.decodeToWorker(value)))
    }
  })
  it("survive the channel", () => {
    const message = { _tag: "Changed", report: report(3) } as const
    const arrived = Protocol.decodeToPrimary(JSON.parse(JSON.stringify(Protocol.encodeToPrimary(message))))
    assert.deepStrictEqual(arrived, Option.some(message))
  })
})
