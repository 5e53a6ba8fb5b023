import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Random } from "effect"
import { VirtualTime } from "effect-deployers/Testing"

it.live("days pass at once, and in order", () =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const order = yield* VirtualTime.run(
      Effect.gen(function* () {
        const woken: Array<string> = []
        const sleeper = (name: string, hours: number) =>
          Effect.delay(
            Effect.sync(() => woken.push(name)),
            `${hours} hours`
          )
        yield* Effect.all([sleeper("late", 48), sleeper("early", 1), sleeper("middle", 24)], { concurrency: 3 })
        const { elapsed } = yield* VirtualTime.VirtualTime
        return { woken, elapsed: yield* elapsed }
      })
    )
    assert.deepStrictEqual(order, { woken: ["early", "middle", "late"], elapsed: 48 * 3_600_000 })
    assert.isBelow((yield* Clock.currentTimeMillis) - began, 5_000)
  })
)

it.live("the same seed gives the same life; another one another order", () =>
  Effect.gen(function* () {
    const life = (seed: number) =>
      VirtualTime.run(
        Effect.gen(function* () {
          const order: Array<number> = []
          const turns = Effect.forEach([1, 2, 3], () => Effect.yieldNow())
          const fibers = Array.from({ length: 8 }, (_, n) =>
            Effect.zipRight(
              turns,
              Effect.sync(() => order.push(n))
            )
          )
          yield* Effect.all(fibers, { concurrency: "unbounded" })
          return [...order, yield* Random.nextInt]
        }),
        { seed, shuffled: true }
      )
    const first = yield* life(1)
    assert.deepStrictEqual(yield* life(1), first)
    assert.notDeepEqual(yield* life(2), first)
  })
)

it.live("the clock can be set, and who sleeps does not notice", () =>
  Effect.gen(function* () {
    const seen = yield* VirtualTime.run(
      Effect.gen(function* () {
        const time = yield* VirtualTime.VirtualTime
        const before = yield* Clock.currentTimeMillis
        const sleeper = yield* Effect.fork(Effect.zipRight(Effect.sleep("10 seconds"), time.elapsed))
        yield* time.jump(-3_600_000)
        const elapsed = yield* Fiber.join(sleeper)
        return { elapsed, shown: (yield* Clock.currentTimeMillis) - before }
      })
    )
    assert.deepStrictEqual(seen, { elapsed: 10_000, shown: 10_000 - 3_600_000 })
  })
)

it.live("reports when no fiber will ever wake, and when the limit is over", () =>
  Effect.gen(function* () {
    const waiting = yield* Effect.flip(VirtualTime.run(Effect.flatMap(Deferred.make<void>(), Deferred.await)))
    assert.deepInclude({ ...waiting }, { _tag: "Stalled", reason: "no fiber wakes" })
    const endless = Effect.forever(Effect.sleep("1 minute"))
    const late = yield* Effect.flip(VirtualTime.run(endless, { limit: "1 hour" }))
    assert.deepInclude({ ...late }, { _tag: "Stalled", reason: "limit", elapsedMillis: 3_600_000 })
  })
)

it.live("failures and promises come through", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* VirtualTime.run(Effect.promise(async () => 7)), 7)
    assert.strictEqual(yield* Effect.flip(VirtualTime.run(Effect.fail("no"))), "no")
  })
)
