// The limits of each caller: runs at once, runs that wait, runs in an interval, and the order of those that wait.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, Ref, Schema, TestClock } from "effect"
import { Pipeline, type Run } from "effect-deployers"
import { fromOptions } from "../../../../src/Pipeline/CallerLimits.js"
import { none } from "../../../../src/Run/Request.js"
import * as CallerLimits from "../../../../src/Server/Run/Limits/CallerLimits.js"
import { invoke, key, request, served } from "../../Harness.js"

const tenantOf = ({ headers }: Run.RunRequest) => headers["x-tenant"] ?? "none"

/** A pipeline whose runs note that they began, and wait until they are released. */
const holding = (callers: Pipeline.CallerOptions) =>
  Effect.gen(function* () {
    const begun = yield* Ref.make<ReadonlyArray<string>>([])
    const release = yield* Deferred.make<void>()
    const pipeline = Pipeline.make("holding", {
      input: Schema.Struct({ name: Schema.String }),
      output: Schema.String,
      callers,
      run: ({ name }) =>
        Effect.gen(function* () {
          yield* Ref.update(begun, (names) => [...names, name])
          yield* Deferred.await(release)
          return name
        })
    })
    return { begun, pipeline, release }
  })

const start = (name: string, headers: Record<string, string>) =>
  invoke({ name }, {}, { headers: { prefer: "respond-async", ...headers } })

const statusOf = (runId: string) => Effect.map(request(`/runs/${runId}`), ({ json }) => json["status"])

const untilEnded = (runId: string) => Effect.repeat(statusOf(runId), { until: (status) => status === "succeeded" })

describe("a pipeline that limits its callers", () => {
  it.live("lets a caller have some runs at once, while those of others pass", () =>
    Effect.gen(function* () {
      const { begun, pipeline, release } = yield* holding({ by: tenantOf, concurrency: 1, queue: 1 })
      yield* Effect.gen(function* () {
        const first = yield* start("a1", { "x-tenant": "a" })
        const second = yield* start("a2", { "x-tenant": "a" })
        const refused = yield* start("a3", { "x-tenant": "a" })
        const other = yield* start("b1", { "x-tenant": "b" })
        assert.deepStrictEqual([first.status, second.status, refused.status, other.status], [202, 202, 429, 202])
        assert.strictEqual(refused.headers.get("retry-after"), "1")
        assert.strictEqual(yield* statusOf(second.json.runId), "queued")
        assert.deepStrictEqual(yield* begun, ["a1", "b1"])
        yield* Deferred.succeed(release, undefined)
        for (const { json } of [first, second, other]) yield* untilEnded(json.runId)
        assert.deepStrictEqual(yield* begun, ["a1", "b1", "a2"])
        yield* untilEnded((yield* start("a4", { "x-tenant": "a" })).json.runId)
      }).pipe(Effect.provide(served(pipeline)))
    })
  )

  it.live("refuses runs beyond the rate of a caller, and says when to come again", () =>
    Effect.gen(function* () {
      const { pipeline, release } = yield* holding({ by: tenantOf, rate: { runs: 2, per: "1 hour" } })
      yield* Deferred.succeed(release, undefined)
      yield* Effect.gen(function* () {
        const tenant = (name: string) => ({ headers: { "x-tenant": name } })
        assert.strictEqual((yield* invoke({ name: "1" }, {}, tenant("a"))).status, 200)
        assert.strictEqual((yield* invoke({ name: 7 }, {}, tenant("a"))).status, 400)
        assert.strictEqual((yield* invoke({ name: "2" }, {}, tenant("a"))).status, 200)
        const refused = yield* invoke({ name: "3" }, {}, tenant("a"))
        assert.deepStrictEqual([refused.status, refused.json["_tag"]], [429, "TooManyRuns"])
        assert.isAtMost(Number(refused.headers.get("retry-after")), 1_800)
        assert.isAbove(Number(refused.headers.get("retry-after")), 1_700)
        assert.strictEqual((yield* invoke({ name: "4" }, {}, tenant("b"))).status, 200)
        assert.include((yield* request("/metrics")).text, "deployers_runs_shed_total 1")
      }).pipe(Effect.provide(served(pipeline)))
    })
  )

  it.live("starts waiting runs by priority, and equal ones in order of arrival", () =>
    Effect.gen(function* () {
      const { begun, pipeline, release } = yield* holding({
        priority: ({ headers }) => Number(headers["x-priority"] ?? 0)
      })
      yield* Effect.gen(function* () {
        const runs = [yield* start("first", {})]
        for (const [name, priority] of [
          ["low", "-1"],
          ["plain", "0"],
          ["high", "5"],
          ["high too", "5"]
        ] as const) {
          runs.push(yield* start(name, { "x-priority": priority }))
        }
        yield* Deferred.succeed(release, undefined)
        for (const { json } of runs) yield* untilEnded(json.runId)
        assert.deepStrictEqual(yield* begun, ["first", "high", "high too", "plain", "low"])
      }).pipe(Effect.provide(served(pipeline, { serving: { maxConcurrency: 1 } })))
    })
  )

  it.live("knows a caller by its key", () =>
    Effect.gen(function* () {
      const { pipeline, release } = yield* holding({ rate: { runs: 1, per: "1 hour" } })
      yield* Deferred.succeed(release, undefined)
      yield* Effect.gen(function* () {
        const authorized = { headers: { authorization: `Bearer ${key}` } }
        assert.strictEqual((yield* invoke({ name: "1" }, {}, authorized)).status, 200)
        assert.strictEqual((yield* invoke({ name: "2" }, {}, authorized)).status, 429)
      }).pipe(Effect.provide(served(pipeline, { key })))
    })
  )
})

describe("the rate of a caller", () => {
  it.effect("comes back evenly over the interval, and never beyond it", () =>
    Effect.gen(function* () {
      const limits = CallerLimits.make(fromOptions({ rate: { runs: 2, per: "10 seconds" } }), yield* Effect.clock, 1)
      const from = (address: string) => {
        const claim = limits({ ...none, remoteAddress: Option.some(address) })
        return "_tag" in claim ? claim.retryAfterSeconds : "starts"
      }
      assert.deepStrictEqual([from("a"), from("a"), from("a"), from("b")], ["starts", "starts", 5, "starts"])
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(from("a"), 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([from("a"), from("a")], ["starts", 5])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([from("a"), from("a"), from("a")], ["starts", "starts", 5])
    })
  )

  it.effect("is shared out among workers, at least one for each", () =>
    Effect.gen(function* () {
      const limits = CallerLimits.make(fromOptions({ rate: { runs: 4, per: "1 hour" } }), yield* Effect.clock, 3)
      assert.notProperty(limits(none), "_tag")
      assert.property(limits(none), "_tag")
    })
  )
})
