/** Laws of a run store about deliveries of webhooks. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { RunStore } from "../../Store/RunStore.js"
import { id, run, started, write } from "./Fixtures.js"

/** Registers the laws; to be called within a suite. */
export const laws = <E>(layer: Layer.Layer<RunStore, E>) => {
  const delivery = (n: number, webhook = "a", url?: string) =>
    ({ _tag: "Delivery", runId: id(n), webhook, ...(url === undefined ? {} : { url }) }) as const
  const share = { perTarget: 10, held: [], leaseMillis: 1_000 }
  const claim = Effect.flatMap(RunStore, ({ webhooks }) => webhooks.claim({ ...share, limit: 10 }))
  const claimOne = Effect.flatMap(claim, ([one]) =>
    one === undefined ? Effect.dieMessage("no claim") : Effect.succeed(one)
  )

  it.effect("a delivery is due when its run has ended, for one process, and again if that one dies", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), delivery(1)])
      assert.deepStrictEqual(yield* claim, [])
      yield* store.commit([write(run(1)), delivery(1), delivery(1, "b", "https://example.com/")])
      const both = yield* claim
      assert.deepStrictEqual(both.map(({ attempt, url, webhook }) => [webhook, url, attempt]).sort(), [
        ["a", undefined, 1],
        ["b", "https://example.com/", 1]
      ])
      assert.deepStrictEqual(yield* claim, [])
      yield* TestClock.adjust("1 second")
      const again = yield* claim
      assert.deepStrictEqual(
        again.map(({ attempt }) => attempt),
        [2, 2]
      )
      yield* Effect.forEach(both, (one) => store.webhooks.settle(one, { _tag: "delivered", status: 200 }))
      const { deliveries } = yield* store.webhooks.list({ limit: 10 })
      assert.deepStrictEqual(
        deliveries.map(({ state }) => state),
        ["pending", "pending"]
      )
      yield* Effect.forEach(again, (one) => store.webhooks.settle(one, { _tag: "delivered", status: 200 }))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* claim, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("two processes at once share the deliveries", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const numbers = Array.from({ length: 8 }, (_, n) => n + 1)
      yield* store.commit(numbers.flatMap((n) => [write(run(n)), delivery(n)]))
      const claims = yield* Effect.all(
        Array.from({ length: 4 }, () => store.webhooks.claim({ ...share, limit: 3 })),
        { concurrency: "unbounded" }
      )
      const ids = claims.flat().map(({ runId }) => runId)
      assert.strictEqual(new Set(ids).size, ids.length)
      assert.isAtMost(ids.length, 8)
      const rest = yield* claim
      assert.strictEqual(ids.length + rest.length, 8)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a claim gives no target more than its share, and passes over the backlog of one that has it", () =>
    Effect.gen(function* () {
      const { commit, webhooks } = yield* RunStore
      const numbers = Array.from({ length: 6 }, (_, n) => n + 1)
      yield* commit(
        numbers.flatMap((n) => [
          write(run(n)),
          delivery(n, "a"),
          delivery(n, "b"),
          delivery(n, "caller", `https://${n < 5 ? "one" : "two"}.example.com/${n}`)
        ])
      )
      const claimed = (
        held: ReadonlyArray<{ readonly webhook: string; readonly url: string | undefined }>,
        limit = 20
      ) =>
        Effect.map(webhooks.claim({ limit, perTarget: 2, held, leaseMillis: 1_000 }), (claims) =>
          claims.map(({ url, webhook }) => ({ webhook, url })).sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
        )
      const nameOf = ({ url, webhook }: { readonly webhook: string; readonly url: string | undefined }) =>
        url === undefined ? webhook : new URL(url).hostname
      const first = yield* claimed([{ webhook: "a", url: undefined }])
      assert.deepStrictEqual(first.map(nameOf), [
        "a",
        "b",
        "b",
        "one.example.com",
        "one.example.com",
        "two.example.com",
        "two.example.com"
      ])
      const full = [...first, { webhook: "a", url: undefined }]
      assert.deepStrictEqual(yield* claimed(full), [])
      const next = yield* claimed(full.filter((one) => nameOf(one) !== "b"))
      assert.deepStrictEqual(next.map(nameOf), ["b", "b"])
      assert.lengthOf(yield* claimed([], 3), 3)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a result decides what follows", () =>
    Effect.gen(function* () {
      const { commit, webhooks } = yield* RunStore
      yield* commit([write(run(1)), delivery(1)])
      yield* webhooks.settle(yield* claimOne, { _tag: "again", status: 503, reason: "busy", dueAt: 5_000 })
      assert.deepStrictEqual(yield* claim, [])
      const [waiting] = (yield* webhooks.list({ state: "pending", limit: 1 })).deliveries
      assert.deepInclude(waiting, { status: 503, reason: "busy", attempts: 1 })
      yield* TestClock.adjust("5 seconds")
      yield* webhooks.settle(yield* claimOne, { _tag: "failed", reason: "gone" })
      assert.deepStrictEqual(yield* claim, [])
      const [failed] = (yield* webhooks.list({ runId: id(1), limit: 1 })).deliveries
      assert.deepInclude(failed, { state: "failed", reason: "gone", attempts: 2 })
      assert.isTrue(Option.isNone(yield* webhooks.retry("unknown")))
      assert.deepInclude(Option.getOrThrow(yield* webhooks.retry(failed?.id ?? "")), { state: "pending", attempts: 0 })
      const retried = yield* claimOne
      assert.strictEqual(retried.attempt, 1)
      yield* webhooks.settle(retried, { _tag: "unwanted" })
      assert.deepStrictEqual((yield* webhooks.list({ limit: 1 })).deliveries, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a list has pages, newest first", () =>
    Effect.gen(function* () {
      const { commit, webhooks } = yield* RunStore
      yield* commit([1, 2, 3].flatMap((n) => [write(run(n)), delivery(n)]))
      const first = yield* webhooks.list({ limit: 2 })
      const second = yield* webhooks.list({ limit: 2, cursor: first.nextCursor })
      assert.deepStrictEqual(
        first.deliveries.map(({ runId }) => runId),
        [id(3), id(2)]
      )
      assert.deepStrictEqual(
        second.deliveries.map(({ runId }) => runId),
        [id(1)]
      )
      assert.isUndefined(second.nextCursor)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a run stays on record until its deliveries have ended", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(run(1)), delivery(1), write(run(2))])
      assert.strictEqual(yield* store.prune({ keep: 1 }), 0)
      yield* store.webhooks.settle(yield* claimOne, { _tag: "delivered", status: 204 })
      assert.strictEqual(yield* store.prune({ keep: 1 }), 1)
      assert.deepStrictEqual((yield* store.webhooks.list({ limit: 1 })).deliveries, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("the end of a run that its process could not record is delivered, too", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), delivery(1)])
      assert.strictEqual(yield* store.markLost, 1)
      assert.strictEqual((yield* claimOne).runId, id(1))
    }).pipe(Effect.provide(layer))
  )
}
