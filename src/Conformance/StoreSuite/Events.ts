/** Laws of the events of runs. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type EventPage, RunStore } from "../../Store/RunStore.js"
import { id, run, started, step, write } from "./Fixtures.js"

type RunEvent = EventPage["events"][number]

const page = (runId: string, after = 0) =>
  Effect.flatMap(RunStore, (store) => Effect.map(store.events({ runId, after }), Option.getOrThrow))

/** All pages after a position. */
const pages = (runId: string, after = 0): Effect.Effect<ReadonlyArray<RunEvent>, unknown, RunStore> =>
  Effect.flatMap(page(runId, after), ({ events, isLast }) => {
    const last = events.at(-1)?.sequence
    return isLast || last === undefined
      ? Effect.succeed(events)
      : Effect.map(pages(runId, last), (rest) => [...events, ...rest])
  })

/** The positions of a run's events. */
export const positions = (runId: string): Effect.Effect<ReadonlyArray<number>, unknown, RunStore> =>
  Effect.map(pages(runId), (events) => events.map(({ sequence }) => sequence))

/** The messages of a run. */
export const messages = (runId: string): Effect.Effect<ReadonlyArray<RunEvent>, unknown, RunStore> =>
  Effect.map(pages(runId), (events) => events.filter(({ event }) => event === "message"))

const message = (sequence: number, data: unknown = { sequence }) =>
  ({ _tag: "Message", runId: id(1), sequence, at: 10 * sequence, data }) as const

const brief = (events: ReadonlyArray<RunEvent>) => events.map(({ event, sequence }) => [sequence, event])

/** Laws of the events of runs. */
export const laws = <E>(layer: Layer.Layer<RunStore, E>): void => {
  it.effect("events come back in order, each once, from the run, its steps and its messages", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const steps = [
        step("a", 1, { startedSequence: 2, finishedSequence: 6 }),
        step("b", 2, { startedSequence: 3, finishedSequence: 4, outputs: { large: "x".repeat(1_000) } })
      ]
      yield* store.commit([write(started(1)), message(5), message(7)])
      yield* store.commit([message(5, "another"), write(run(1, { steps }))])
      const all = yield* page(id(1))
      assert.deepStrictEqual(brief(all.events), [
        [1, "run_started"],
        [2, "step_started"],
        [3, "step_started"],
        [4, "step_finished"],
        [5, "message"],
        [6, "step_finished"],
        [7, "message"],
        [8, "run_finished"]
      ])
      assert.deepStrictEqual(all.events[4]?.data, { sequence: 5 })
      assert.deepInclude(all.events[3]?.data, { step: "b", outputs: { large: "x".repeat(1_000) } })
      assert.deepInclude(all.events[7]?.data, { status: "succeeded", outputs: { summary: "ok" } })
      assert.isTrue(all.isLast)
      assert.deepStrictEqual((yield* page(id(1), 5)).events, all.events.slice(5))
      for (const after of [8, 9, 1e9]) {
        assert.deepStrictEqual(yield* page(id(1), after), { status: "succeeded", events: [], isLast: true })
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("elements of the outputs are events of their own kind", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), message(2), { ...message(3), kind: "element" }, write(run(1))])
      assert.deepStrictEqual(brief((yield* page(id(1))).events), [
        [1, "run_started"],
        [2, "message"],
        [3, "element"],
        [4, "run_finished"]
      ])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a run in progress has no end, one that waits has no event, an unknown one no page", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      yield* store.commit([write(started(1)), write(started(2, { status: "queued" }))])
      const going = yield* page(id(1))
      assert.deepStrictEqual([brief(going.events), going.isLast], [[[1, "run_started"]], false])
      assert.deepStrictEqual(yield* page(id(2)), { status: "queued", events: [], isLast: false })
      assert.isTrue(Option.isNone(yield* store.events({ runId: id(3), after: 0 })))
      yield* store.commit([write(run(2, { status: "interrupted", cause: "cancelled" }))])
      assert.deepStrictEqual(brief((yield* page(id(2))).events), [
        [1, "run_started"],
        [2, "run_finished"]
      ])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a step is written while its run is in progress, and not afterwards", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const going = step("a", 5, { status: "running", startedSequence: 2 })
      const at = (position: number, written: typeof going) =>
        ({ _tag: "Step", runId: id(1), position, step: written }) as const
      yield* store.commit([write(started(1)), at(0, going)])
      assert.deepStrictEqual(yield* positions(id(1)), [1, 2])
      const ended = step("a", 5, { startedSequence: 2, finishedSequence: 3 })
      yield* store.commit([at(0, ended), at(1, step("b", 6, { startedSequence: 4, finishedSequence: 5 }))])
      assert.deepStrictEqual(yield* positions(id(1)), [1, 2, 3, 4, 5])
      yield* store.commit([write(run(1, { steps: [ended] })), at(1, step("c", 7, { startedSequence: 6 }))])
      yield* store.commit([at(2, step("d", 8, { startedSequence: 9 }))])
      assert.deepStrictEqual(yield* positions(id(1)), [1, 2, 3, 4, 5, 6])
      const found = Option.getOrThrow(yield* store.find(id(1)))
      assert.deepStrictEqual(
        found.steps?.map(({ name }) => name),
        ["a", "b"]
      )
      yield* store.commit([{ ...at(0, going), runId: id(9) }])
      assert.isTrue(Option.isNone(yield* store.find(id(9))))
    }).pipe(Effect.provide(layer))
  )

  it.effect("pages of events are bounded in number and in size, and complete together", () =>
    Effect.gen(function* () {
      const store = yield* RunStore
      const large = "x".repeat(200_000)
      const numbers = Array.from({ length: 600 }, (_, n) => n + 2)
      yield* store.commit([write(run(1)), ...numbers.map((n) => message(n, n < 590 ? n : large))])
      const first = yield* page(id(1))
      assert.isAtMost(first.events.length, 257)
      assert.isFalse(first.isLast)
      const heavy = yield* page(id(1), 589)
      assert.deepStrictEqual(brief(heavy.events), [[590, "message"]])
      assert.deepStrictEqual(
        yield* positions(id(1)),
        Array.from({ length: 602 }, (_, n) => n + 1)
      )
    }).pipe(Effect.provide(layer))
  )
}
