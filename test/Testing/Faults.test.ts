import { assert, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Option, Schema, Stream } from "effect"
import { Faults, VirtualTime } from "effect-deployers/Testing"

class Broken extends Schema.TaggedError<Broken>()("Broken", { when: Schema.String }) {}

const make = Effect.gen(function* () {
  const faults = yield* Faults.make()
  const done: Array<string> = []
  const act = (what: string) => Effect.sync(() => done.push(what))
  const service = {
    name: "shelf",
    put: (thing: string): Effect.Effect<number, Broken> => act(`put ${thing}`),
    count: Effect.sync(() => done.length) as Effect.Effect<number, Broken>,
    all: Stream.fromIterable(["a", "b"]) as Stream.Stream<string, Broken>,
    double: (n: number) => 2 * n,
    boxes: { open: (box: string): Effect.Effect<number, Broken> => act(`open ${box}`) }
  }
  const wrapped = faults.wrap(
    "shelf",
    service,
    Faults.every<typeof service>(
      { before: () => new Broken({ when: "before" }), after: () => new Broken({ when: "after" }) },
      {
        boxes: {
          open: {
            before: () => new Broken({ when: "closed" }),
            late: { deadline: "5 seconds", error: () => new Broken({ when: "late" }) }
          }
        }
      }
    )
  )
  return { faults, done, shelf: wrapped }
})

const failure = (effect: Effect.Effect<unknown, Broken>) => Effect.map(Effect.flip(effect), ({ when }) => when)

it.live("numbers every call and leaves the rest as it is", () =>
  Effect.gen(function* () {
    const { faults, shelf } = yield* make
    yield* shelf.put("x")
    assert.strictEqual(yield* shelf.count, 1)
    yield* shelf.boxes.open("y")
    assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(shelf.all)), ["a", "b"])
    assert.deepStrictEqual([shelf.name, shelf.double(4)], ["shelf", 8])
    assert.deepStrictEqual(
      faults.points.map(({ name, number }) => `${number} ${name}`),
      ["1 shelf.put", "2 shelf.count", "3 shelf.boxes.open", "4 shelf.all"]
    )
  }).pipe(VirtualTime.run)
)

it.live("fails before, loses replies, once, from then on, or a whole service", () =>
  Effect.gen(function* () {
    const { done, faults, shelf } = yield* make
    yield* faults.use(Faults.once(1, Faults.failBefore))
    assert.strictEqual(yield* failure(shelf.put("x")), "before")
    assert.deepStrictEqual(done, [])
    yield* shelf.put("x")
    yield* faults.use(Faults.once(1, Faults.actThenFail))
    assert.strictEqual(yield* failure(shelf.put("y")), "after")
    assert.deepStrictEqual(done, ["put x", "put y"])
    yield* faults.use(Faults.fromNOn(2, Faults.failBefore))
    yield* shelf.put("z")
    assert.strictEqual(yield* failure(shelf.count), "before")
    assert.strictEqual(yield* failure(Stream.runDrain(shelf.all)), "before")
    yield* faults.use(Faults.outage(1, Faults.failBefore))
    assert.strictEqual(yield* failure(shelf.boxes.open("b")), "closed")
    assert.strictEqual(yield* failure(shelf.put("b")), "before")
    yield* faults.use(Faults.once(1, Faults.actThenFail))
    assert.strictEqual(yield* failure(Stream.runDrain(shelf.all)), "after")
  }).pipe(VirtualTime.run)
)

it.live("hangs as long as the service's deadline, or for ever; slow calls come late", () =>
  Effect.gen(function* () {
    const { done, faults, shelf } = yield* make
    const { elapsed } = yield* VirtualTime.VirtualTime
    yield* faults.use(Faults.once(1, Faults.hang))
    assert.strictEqual(yield* failure(shelf.boxes.open("b")), "late")
    assert.strictEqual(yield* elapsed, 5_000)
    yield* faults.use(Faults.once(1, Faults.hang))
    assert.isTrue(Option.isNone(yield* Effect.timeoutOption(shelf.put("x"), "1 hour")))
    yield* faults.use(Faults.once(1, Faults.slow("10 seconds")))
    const slow = yield* Effect.fork(shelf.put("y"))
    yield* Effect.sleep("9 seconds")
    assert.deepStrictEqual(done, [])
    yield* Fiber.join(slow)
    assert.deepStrictEqual(done, ["put y"])
  }).pipe(VirtualTime.run)
)

it.live("a process that crashed does nothing any more, not even what was under way", () =>
  Effect.gen(function* () {
    const { done, faults, shelf } = yield* make
    yield* faults.use((point) =>
      point.number === 1 ? Faults.slow("1 second") : point.number === 2 ? Faults.crash : undefined
    )
    const first = yield* Effect.forkDaemon(shelf.put("first"))
    const second = yield* Effect.forkDaemon(shelf.put("second"))
    yield* faults.died
    yield* Effect.sleep("1 day")
    assert.deepStrictEqual(done, [])
    const third = yield* Effect.forkDaemon(Effect.ensuring(shelf.put("third"), Effect.ignore(shelf.put("finalizer"))))
    yield* Effect.sleep("1 day")
    for (const fiber of [first, second, third]) assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
    assert.deepStrictEqual(done, [])
  }).pipe(VirtualTime.run)
)

it.live("a frozen process makes its call when it is thawed", () =>
  Effect.gen(function* () {
    const { done, faults, shelf } = yield* make
    yield* faults.use(Faults.once(1, Faults.freeze))
    const frozen = yield* Effect.fork(shelf.put("x"))
    yield* Effect.sleep("1 hour")
    assert.deepStrictEqual(done, [])
    yield* faults.thaw
    yield* Fiber.join(frozen)
    assert.deepStrictEqual(done, ["put x"])
  }).pipe(VirtualTime.run)
)

it.live("random trouble is the same with the same seed, and hits some sites only", () =>
  Effect.gen(function* () {
    const faults = [Faults.failBefore, Faults.hang]
    const modes = (seed: number) => {
      const plan = Faults.buggify({ seed, faults, sites: 0.5, fires: 0.5 })
      return Array.from({ length: 200 }, (_, n) => plan({ number: n + 1, name: `s.${n % 10}`, service: "s" })?.mode)
    }
    assert.deepStrictEqual(modes(1), modes(1))
    assert.notDeepEqual(modes(1), modes(2))
    const hit = new Set(modes(1).flatMap((mode, n) => (mode === undefined ? [] : [n % 10])))
    assert.isAbove(hit.size, 0)
    assert.isBelow(hit.size, 10)
  })
)
