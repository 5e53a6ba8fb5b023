/** Laws of a run store about the states of sessions. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { RunStore } from "../../Store/RunStore.js"
import { id, run, write } from "./Fixtures.js"

const state = (session: string, name: string, value: unknown, version?: number, ttlMillis?: number) => ({
  session,
  name,
  text: JSON.stringify(value),
  version,
  ttlMillis
})

/** Registers the laws; to be called within a suite. */
export const laws = <E>(layer: Layer.Layer<RunStore, E>) => {
  const sessions = Effect.map(RunStore, (store) => store.sessions)

  it.effect("a state is what was written last, by session and name", () =>
    Effect.gen(function* () {
      const store = yield* sessions
      assert.isTrue(Option.isNone(yield* store.read("s", "a")))
      for (const value of [null, 0, "", "\u{1f511}'\"", [], { a: [{ b: null }] }]) {
        const version = yield* store.write(state("s", "a", value))
        assert.deepStrictEqual(
          yield* store.read("s", "a"),
          Option.map(version, (version) => ({ value, version }))
        )
      }
      yield* store.write(state("s", "b", 2))
      yield* store.write(state("t", "a", 3))
      yield* store.remove("s", "a")
      yield* store.remove("s", "a")
      assert.isTrue(Option.isNone(yield* store.read("s", "a")))
      const rest = Option.getOrThrow(yield* store.find("s"))
      assert.deepStrictEqual(
        rest.states.map(({ name, value }) => [name, value]),
        [["b", 2]]
      )
      assert.isTrue(Option.isSome(yield* store.read("t", "a")))
    }).pipe(Effect.provide(layer))
  )

  it.effect("of writes that expect the same version one succeeds, and no version comes back", () =>
    Effect.gen(function* () {
      const store = yield* sessions
      const first = Option.getOrThrow(yield* store.write(state("s", "a", 1, 0)))
      assert.isTrue(Option.isNone(yield* store.write(state("s", "a", 2, 0))))
      const second = Option.getOrThrow(yield* store.write(state("s", "a", 2, first)))
      assert.isAbove(second, first)
      assert.isTrue(Option.isNone(yield* store.write(state("s", "a", 3, first))))
      assert.deepStrictEqual(yield* store.read("s", "a"), Option.some({ value: 2, version: second }))
      yield* store.delete("s")
      assert.isTrue(Option.isNone(yield* store.write(state("s", "a", 3, second))))
      const third = Option.getOrThrow(yield* store.write(state("s", "a", 3, 0)))
      assert.isAbove(third, second)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a state whose time is over does not exist, and can be removed", () =>
    Effect.gen(function* () {
      const store = yield* sessions
      const version = Option.getOrThrow(yield* store.write(state("s", "a", 1, 0, 1_000)))
      yield* store.write(state("s", "b", 1, 0, 5_000))
      yield* TestClock.adjust("999 millis")
      assert.isTrue(Option.isSome(yield* store.read("s", "a")))
      assert.strictEqual(yield* store.expire, 0)
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Option.isNone(yield* store.read("s", "a")))
      assert.isTrue(Option.isNone(yield* store.write(state("s", "a", 2, version))))
      assert.isTrue(Option.isSome(yield* store.write(state("s", "a", 2, 0, 1_000))))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        Option.getOrThrow(yield* store.find("s")).states.map(({ name }) => name),
        ["b"]
      )
      assert.strictEqual(yield* store.expire, 1)
      assert.strictEqual(yield* store.expire, 0)
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(Option.isNone(yield* store.find("s")))
      assert.isFalse(yield* store.delete("s"))
    }).pipe(Effect.provide(layer))
  )

  it.effect("sessions are listed by their ids, page by page", () =>
    Effect.gen(function* () {
      const store = yield* sessions
      for (const session of ["c", "a", "b", "d"]) yield* store.write(state(session, "x", "12", undefined, 60_000))
      yield* store.write(state("b", "y", "\u00e9"))
      yield* store.write(state("d", "x", 0, undefined, 1_000))
      yield* TestClock.adjust("2 seconds")
      const first = yield* store.list({ limit: 2 })
      assert.deepStrictEqual(
        first.sessions.map(({ bytes, id, states }) => [id, states, bytes]),
        [
          ["a", ["x"], 4],
          ["b", ["x", "y"], 8]
        ]
      )
      assert.deepStrictEqual(
        first.sessions.map(({ expiresAt }) => expiresAt === undefined),
        [false, true]
      )
      const second = yield* store.list({ limit: 2, cursor: first.nextCursor })
      assert.deepStrictEqual(
        second.sessions.map(({ id }) => id),
        ["c"]
      )
      assert.isUndefined(second.nextCursor)
      assert.isTrue(yield* store.delete("b"))
      assert.isFalse(yield* store.delete("b"))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a run keeps its session, and runs are listed by it", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([
        write({ ...run(1, { status: "running" }), session: "s" }),
        write(run(2)),
        write({ ...run(3), session: "t" })
      ])
      yield* store.commit([write(run(1))])
      assert.strictEqual(Option.getOrThrow(yield* store.find(id(1))).session, "s")
      assert.notProperty(Option.getOrThrow(yield* store.find(id(2))), "session")
      const { runs } = yield* store.list({ session: "s", limit: 10 })
      assert.deepStrictEqual(
        runs.map(({ index, session }) => [index, session]),
        [[1, "s"]]
      )
    }).pipe(Effect.provide(layer))
  )
}
