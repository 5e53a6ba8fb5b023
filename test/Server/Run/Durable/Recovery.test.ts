import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Schedule, Schema, type Scope } from "effect"
import { Pipeline, Run, Step } from "effect-deployers"
import { RunStore } from "../../../../src/Store/RunStore.js"
import { invoke, memory, quiet, request } from "../../Harness.js"
import { ended, eventually, start } from "./Durable.js"

class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

/** Counts the executions of its steps by name; the step `gate` waits until it is opened. */
const world = Effect.gen(function* () {
  const counts: Record<string, number> = {}
  const gate = yield* Deferred.make<void>()
  const reached = yield* Deferred.make<void>()
  const count = (name: string) =>
    Effect.sync(() => {
      counts[name] = (counts[name] ?? 0) + 1
      return counts[name]
    })
  const step = (name: string) =>
    Step.make(name, {
      input: Schema.Int,
      output: Schema.Struct({ value: Schema.Int, at: Schema.Date }),
      run: (value) => Effect.as(count(name), { value: value + 1, at: new Date(0) })
    })
  const refusing = Step.make("refusing", {
    input: Schema.Void,
    output: Schema.Void,
    error: Refused,
    run: () => Effect.zipRight(count("refusing"), new Refused({ why: "no" }))
  })
  const wait = Step.make("gate", {
    input: Schema.Void,
    output: Schema.Void,
    run: () =>
      Effect.zipRight(count("gate"), Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(gate)))
  })
  return { counts, gate, reached, count, step, refusing, wait }
})

type World = Effect.Effect.Success<typeof world>

/** Two steps, a typed failure and a recorded number before the gate, one step behind it. */
const make = ({ count, refusing, step, wait }: World) =>
  Pipeline.make("durable", {
    input: Schema.Struct({ start: Schema.Int }),
    output: Schema.Struct({ value: Schema.Int, why: Schema.String, number: Schema.Int, at: Schema.Date }),
    run: ({ start }) =>
      Effect.gen(function* () {
        const a = yield* step("a")(start)
        const b = yield* step("b")(a.value)
        const why = yield* Effect.catchAll(Effect.as(refusing(), ""), ({ why }) => Effect.succeed(why))
        const number = yield* Run.once("number", Schema.Int, count("once"))
        yield* wait()
        const c = yield* step("a")(b.value)
        return { value: c.value, why, number, at: c.at }
      })
  })

const accept = (start: number) =>
  Effect.map(invoke({ start }, {}, { headers: { prefer: "respond-async" } }), ({ json, status }) => {
    assert.strictEqual(status, 202)
    return json.runId
  })

const test = <A, E>(effect: Effect.Effect<A, E, RunStore | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(memory()), Effect.provide(quiet))

describe("recovery", () => {
  it.live("H01: resume goes on after the recorded steps, which give back what they gave", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const first = yield* start(make(it), { recovery: "resume" })
        const id = yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        yield* first.kill
        yield* start(make(it), { recovery: "resume" })
        yield* eventually(Effect.filterOrFail(Effect.succeed(it.counts), ({ gate }) => gate === 2))
        yield* Deferred.succeed(it.gate, undefined)
        const run = yield* ended(id)
        assert.deepInclude(
          { ...run },
          { status: "succeeded", outputs: { value: 4, why: "no", number: 1, at: "1970-01-01T00:00:00.000Z" } }
        )
        assert.deepStrictEqual(it.counts, { a: 2, b: 1, refusing: 1, once: 1, gate: 2 })
        assert.deepStrictEqual(
          run.steps?.map(({ attempts, name, status }) => [name, status, attempts]),
          [
            ["a", "succeeded", 1],
            ["b", "succeeded", 1],
            ["refusing", "failed", 1],
            ["gate", "succeeded", 2],
            ["a#2", "succeeded", 1]
          ]
        )
      })
    )
  )

  it.live("rerun executes every step again", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const first = yield* start(make(it), { recovery: "rerun" })
        const id = yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        yield* first.kill
        yield* start(make(it), { recovery: "rerun" })
        yield* eventually(Effect.filterOrFail(Effect.succeed(it.counts), ({ gate }) => gate === 2))
        yield* Deferred.succeed(it.gate, undefined)
        const run = yield* ended(id)
        assert.strictEqual(run.status, "succeeded")
        // The fiber of the process before is still there, and counts its last step.
        assert.deepInclude(it.counts, { b: 2, refusing: 2, once: 2, gate: 2 })
        assert.deepStrictEqual(
          run.steps?.map(({ name }) => name),
          ["a", "b", "refusing", "gate", "a#2", "b#2", "refusing#2", "gate#2", "a#3"]
        )
      })
    )
  )

  it.live("fail marks the run as lost, also one that a service with recovery left", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const first = yield* start(make(it), { recovery: "resume" })
        const id = yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        yield* first.kill
        yield* start(make(it), {})
        assert.deepInclude({ ...(yield* ended(id)) }, { status: "interrupted", cause: "lost" })
        assert.strictEqual(it.counts["gate"], 1)
      })
    )
  )

  it.live("H02: a drain hands its runs over, and callers that wait get the id of the run", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const settings = { recovery: "resume", drainTimeoutMillis: 0 } as const
        const first = yield* start(make(it), settings)
        const waiting = yield* Effect.fork(first.at(invoke({ start: 1 })))
        yield* Deferred.await(it.reached)
        yield* first.drain
        const answer = yield* waiting
        assert.deepInclude({ ...answer.json }, { _tag: "RunContinues" })
        assert.strictEqual(answer.status, 503)
        yield* start(make(it), settings)
        yield* Deferred.succeed(it.gate, undefined)
        const run = yield* ended(answer.json.runId)
        assert.strictEqual(run.status, "succeeded")
        assert.deepStrictEqual(it.counts, { a: 2, b: 1, refusing: 1, once: 1, gate: 2 })
      })
    )
  )

  it.live("H03: the process before cannot write any more, and its steps stop", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const first = yield* start(make(it), { recovery: "resume" })
        const id = yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        yield* first.kill
        const store = yield* RunStore
        yield* store.orphan
        assert.lengthOf(yield* store.take(10), 1)
        yield* Deferred.succeed(it.gate, undefined)
        // The result of the gate is fenced, so the step behind it does not begin.
        yield* Effect.sleep("50 millis")
        assert.strictEqual(it.counts["a"], 1)
        const { steps } = yield* Effect.flatten(store.find(id))
        assert.strictEqual(steps?.find(({ name }) => name === "gate")?.status, "running")
      })
    )
  )

  it.live("H04: a run that processes die with fails after maxRecoveries, and progress sets the count back", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const settings = { recovery: "resume", maxRecoveries: 1 } as const
        let service = yield* start(make(it), settings)
        const id = yield* service.at(accept(1))
        for (const count of [1, 2]) {
          yield* eventually(Effect.filterOrFail(Effect.succeed(it.counts), ({ gate }) => gate === count))
          yield* service.kill
          service = yield* start(make(it), settings)
        }
        const run = yield* ended(id)
        assert.strictEqual(run.status, "failed")
        assert.deepInclude(run.error, { _tag: "RunNotRecovered", recoveries: 2 })
        assert.strictEqual(it.counts["gate"], 2)
      })
    )
  )

  it.live("retries continue their count", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const flaky = Step.make("flaky", {
          input: Schema.Void,
          output: Schema.Int,
          error: Refused,
          retry: Schedule.recurs(2),
          run: () =>
            Effect.flatMap(it.count("flaky"), (n) =>
              n === 2
                ? Effect.zipRight(Deferred.succeed(it.reached, undefined), Deferred.await(it.gate)).pipe(Effect.as(n))
                : Effect.fail(new Refused({ why: `attempt ${n}` }))
            )
        })
        const pipeline = Pipeline.make("flaky", {
          input: Schema.Struct({ start: Schema.Int }),
          output: Schema.Int,
          error: Refused,
          run: () => flaky()
        })
        const first = yield* start(pipeline, { recovery: "resume" })
        const id = yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        yield* first.kill
        yield* start(pipeline, { recovery: "resume" })
        const run = yield* ended(id)
        // One failure before, one attempt cut off, then two failures use the schedule up.
        assert.strictEqual(it.counts["flaky"], 4)
        assert.deepInclude(run.error, { _tag: "Refused", error: { _tag: "Refused", why: "attempt 4" } })
        assert.deepStrictEqual(
          run.steps?.map(({ attempts }) => attempts),
          [4]
        )
      })
    )
  )

  it.live("H05: another code ends the run as RunDiverged", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const first = yield* start(make(it), { recovery: "resume" })
        const id = yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        yield* first.kill
        const other = Pipeline.make("durable", {
          input: Schema.Struct({ start: Schema.Int }),
          output: Schema.Int,
          run: ({ start }) =>
            Effect.flatMap(it.step("a")(start), () => Effect.map(it.step("b")(99), ({ value }) => value))
        })
        yield* start(other, { recovery: "resume" })
        const run = yield* ended(id)
        assert.strictEqual(run.status, "failed")
        assert.deepInclude(run.error, { _tag: "RunDiverged", operation: "b", number: 1, differs: "input" })
        assert.deepInclude(it.counts, { a: 1, b: 1 })
      })
    )
  )

  it.live("runs that wait for a place survive, with the answer to their idempotency key", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const settings = { recovery: "resume", maxConcurrency: 1 } as const
        const first = yield* start(make(it), settings)
        yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        const headers = { "idempotency-key": "order-7", prefer: "respond-async" }
        const queued = yield* first.at(invoke({ start: 5 }, {}, { headers }))
        assert.strictEqual((yield* first.at(request(`/runs/${queued.json.runId}`))).json["status"], "queued")
        yield* first.kill
        const second = yield* start(make(it), settings)
        yield* Deferred.succeed(it.gate, undefined)
        assert.strictEqual((yield* ended(queued.json.runId)).status, "succeeded")
        const again = yield* second.at(invoke({ start: 5 }, {}, { headers: { "idempotency-key": "order-7" } }))
        assert.deepInclude(again.json["outputs"], { value: 8 })
        assert.strictEqual(again.json.metadata.runId, queued.json.runId)
      })
    )
  )

  it.live("a durable sleep ends at its recorded time, and leaves its place to others", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const sleeping = Pipeline.make("sleeping", {
          input: Schema.Struct({ start: Schema.Int }),
          output: Schema.Int,
          run: ({ start }) =>
            Effect.gen(function* () {
              if (start > 0)
                yield* Effect.zipRight(Run.once("before", Schema.Int, it.count("before")), Run.sleep(`${start} millis`))
              return yield* it.count("after")
            })
        })
        const settings = { recovery: "resume", maxConcurrency: 1, requestTimeoutMillis: 300 } as const
        const first = yield* start(sleeping, settings)
        const long = yield* first.at(accept(86_400_000))
        const short = yield* first.at(accept(700))
        assert.strictEqual((yield* first.at(invoke({ start: 0 }))).json["outputs"], 1)
        yield* first.kill
        const second = yield* start(sleeping, settings)
        assert.strictEqual((yield* ended(short)).status, "succeeded")
        assert.strictEqual((yield* second.at(request(`/runs/${long}`))).json["status"], "running")
        assert.strictEqual(it.counts["before"], 2)
        yield* second.drain
      })
    )
  )

  it.live("parallel branches, steps within steps and received signals are resumed, too", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const outer = Step.make("outer", {
          input: Schema.Int,
          output: Schema.Int,
          run: (value) =>
            Effect.gen(function* () {
              const { value: inner } = yield* it.step("inner")(value)
              return (yield* it.step("inner")(inner)).value
            })
        })
        const branching = Pipeline.make("branching", {
          input: Schema.Struct({ start: Schema.Int }),
          output: Schema.Struct({ values: Schema.Array(Schema.Int), by: Schema.String }),
          run: ({ start }) =>
            Effect.gen(function* () {
              const by = yield* Run.waitFor("approval", Schema.String)
              const values = yield* Effect.forEach([start, start + 10, start + 20], (value) => outer(value), {
                concurrency: 2
              })
              yield* it.wait()
              yield* it.step("inner")(0)
              return { values, by }
            })
        })
        const first = yield* start(branching, { recovery: "resume" })
        const id = yield* first.at(accept(1))
        assert.strictEqual((yield* first.at(request(`/runs/${id}/signals/approval`, { json: '"Ada"' }))).status, 202)
        yield* Deferred.await(it.reached)
        assert.deepStrictEqual(it.counts, { inner: 6, gate: 1 })
        yield* first.kill
        yield* start(branching, { recovery: "resume" })
        yield* eventually(Effect.filterOrFail(Effect.succeed(it.counts), ({ gate }) => gate === 2))
        yield* Deferred.succeed(it.gate, undefined)
        const run = yield* ended(id)
        assert.deepInclude({ ...run }, { status: "succeeded", outputs: { values: [3, 13, 23], by: "Ada" } })
        assert.deepStrictEqual(it.counts, { inner: 7, gate: 2 })
      })
    )
  )

  it.live("a caller that follows a run learns of the shutdown, and reads the rest from the next process", () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const settings = { recovery: "resume", drainTimeoutMillis: 0 } as const
        const first = yield* start(make(it), settings)
        const id = yield* first.at(accept(1))
        yield* Deferred.await(it.reached)
        const following = yield* Effect.fork(first.at(request(`/runs/${id}/events`)))
        yield* first.drain
        const before = yield* following
        assert.include(before.text, "event: shutdown")
        const last = Math.max(...Array.from(before.text.matchAll(/^id: (\d+)$/gm), ([, id]) => Number(id)))
        const second = yield* start(make(it), settings)
        yield* Deferred.succeed(it.gate, undefined)
        yield* ended(id)
        const rest = yield* second.at(request(`/runs/${id}/events`, { headers: { "last-event-id": String(last) } }))
        const names = Array.from(`${before.text}${rest.text}`.matchAll(/^event: (\w+)$/gm), ([, name]) => name)
        const step = ["step_started", "step_finished"]
        assert.deepStrictEqual(names, [
          "run_started",
          ...step,
          ...step,
          ...step,
          "step_started",
          "shutdown",
          "step_finished",
          ...step,
          "run_finished"
        ])
      })
    )
  )

  it.live('durability "step" has the result of a step on record before the next one begins', () =>
    test(
      Effect.gen(function* () {
        const it = yield* world
        const service = yield* start(make(it), { durability: "step" })
        const id = yield* service.at(accept(1))
        yield* Deferred.await(it.reached)
        const { steps = [] } = yield* Effect.flatMap(RunStore, (store) => Effect.flatten(store.find(id)))
        assert.deepStrictEqual(
          steps.slice(0, 3).map(({ name, status }) => [name, status]),
          [
            ["a", "succeeded"],
            ["b", "succeeded"],
            ["refusing", "failed"]
          ]
        )
        yield* Deferred.succeed(it.gate, undefined)
        assert.strictEqual((yield* ended(id)).status, "succeeded")
      })
    )
  )
})
