/** Watches of a cluster's API that break. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref, Stream, TestClock } from "effect"
import { ClusterUnreachable } from "../../src/Kubernetes/Client/Errors.js"
import type { OpenResponse, Transport } from "../../src/Kubernetes/Client/Transport.js"
import { changes } from "../../src/Kubernetes/Client/Watch.js"
import { types } from "../../src/Kubernetes/KubernetesClient.js"

const unused = Effect.dieMessage("A watch only opens a request.")

const event = (type: string) => new TextEncoder().encode(`${JSON.stringify({ type, object: {} })}\n`)

const lost = new ClusterUnreachable({ operation: "watch pods", server: "http://cluster", reason: "it was cut" })

const answers = {
  /** Two events, then the connection is cut. */
  cut: { status: 200, body: Stream.concat(Stream.make(event("ADDED"), event("MODIFIED")), Stream.fail(lost)) },
  /** The version of the list is gone. */
  gone: { status: 410, body: Stream.empty },
  /** The same as an event, after one that is well. */
  gap: { status: 200, body: Stream.make(event("ADDED"), event("ERROR")) },
  /** The connection lives, and nothing comes. */
  silent: { status: 200, body: Stream.never },
  /** The API ends the watch in order. */
  ended: { status: 200, body: Stream.make(event("ADDED")) }
} satisfies Record<string, OpenResponse>

/** The times of the requests of a watch in seconds, and the hints that it gave, while the API answers as given, then silently. */
const watched = (sequence: ReadonlyArray<OpenResponse>, seconds: number) =>
  Effect.gen(function* () {
    const requests = yield* Ref.make<ReadonlyArray<number>>([])
    const hints = yield* Ref.make(0)
    const open = Effect.gen(function* () {
      const clock = yield* Effect.clock
      const before = yield* Ref.get(requests)
      yield* Ref.set(requests, [...before, clock.unsafeCurrentTimeMillis() / 1_000])
      return sequence[before.length] ?? answers.silent
    })
    const transport: Transport = {
      connection: unused,
      clockOffset: Effect.succeed(0),
      send: () => unused,
      open: () => open
    }
    const watching = yield* Effect.fork(
      Stream.runForEach(changes(transport)(types.pods, "default"), () => Ref.update(hints, (n) => n + 1))
    )
    for (let second = 0; second < seconds; second++) yield* TestClock.adjust("1 second")
    yield* Fiber.interrupt(watching)
    return { requests: yield* Ref.get(requests), hints: yield* Ref.get(hints) }
  })

describe("a watch", () => {
  it.effect("K12: begins again after a cut, a 410 and a gap, each time with a list, and with pauses", () =>
    Effect.gen(function* () {
      const { hints, requests } = yield* watched([answers.cut, answers.gone, answers.gap], 60)
      assert.lengthOf(requests, 4)
      const pauses = requests.slice(1).map((at, index) => at - (requests[index] ?? 0))
      for (const pause of pauses) assert.isAtLeast(pause, 0.8)
      // The beginning of a watch is a hint, because something may have changed meanwhile; so are the three events that are well.
      assert.strictEqual(hints, 3 + 3)
    })
  )

  it.effect("K12: does not ask without end while the API refuses it", () =>
    Effect.gen(function* () {
      const { requests } = yield* watched(Array(1_000).fill(answers.gone), 600)
      // The pause grows to half a minute.
      assert.isAtLeast(requests.length, 10)
      assert.isAtMost(requests.length, 40)
    })
  )

  it.effect("K12: takes a connection for broken that is silent for longer than a watch lasts", () =>
    Effect.gen(function* () {
      assert.lengthOf((yield* watched([answers.silent], 269)).requests, 1)
      assert.lengthOf((yield* watched([answers.silent], 280)).requests, 2)
    })
  )

  it.effect("K12: goes on a second after an end in order", () =>
    Effect.gen(function* () {
      const { requests } = yield* watched([answers.ended, answers.ended], 10)
      assert.deepStrictEqual(requests, [0, 1, 2])
    })
  )
})
