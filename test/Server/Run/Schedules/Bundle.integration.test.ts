// A schedule in a bundle that is served by two workers: each of its times has one run.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ask, eventually, restart, scoped, start, urlOf } from "../../Cluster/Service.js"

const declarations = `
export const pipeline = Pipeline.make("paced", {
  input: Schema.Struct({ n: Schema.Int }),
  output: Schema.Number,
  run: ({ n }) => Effect.succeed(n)
}).pipe(Pipeline.schedule("often", { cron: "* * * * * *", input: { n: 7 } }))`

interface Listed {
  readonly name: string
  readonly status: string
}

const names = (url: string) =>
  Effect.map(ask(url, "/runs?limit=100"), ({ text }) => {
    const { runs } = JSON.parse(text) as { readonly runs: ReadonlyArray<Listed> }
    return runs.map(({ name, status }) => `${name} ${status}`)
  })

const firings = (url: string) =>
  Effect.map(ask(url, "/schedules"), ({ text }) => {
    const { schedules } = JSON.parse(text) as {
      readonly schedules: ReadonlyArray<{ readonly firings: ReadonlyArray<{ readonly dueAt: string }> }>
    }
    return schedules.flatMap(({ firings }) => firings.map(({ dueAt }) => dueAt))
  })

const afterRuns = (url: string, count: number) =>
  eventually(Effect.filterOrFail(names(url), (all) => all.filter((name) => name.endsWith("succeeded")).length >= count))

describe("a schedule of a deployed bundle", () => {
  it.live(
    "starts one run at each of its times, by either worker, also after a kill",
    () =>
      scoped(
        Effect.gen(function* () {
          const service = yield* start({}, declarations)
          yield* afterRuns(yield* urlOf(service), 3)
          yield* Effect.sync(() => service.primary.pid !== undefined && process.kill(-service.primary.pid, "SIGKILL"))
          yield* service.ended
          const url = yield* urlOf(yield* restart(service.folder))
          const before = (yield* eventually(names(url))).length
          const all = yield* afterRuns(url, before + 2)
          assert.strictEqual(new Set(all).size, all.length)
          for (const name of all) assert.match(name, /^often \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z /)
          const times = yield* firings(url)
          assert.strictEqual(new Set(times).size, times.length)
          yield* ask(url, "/schedules/often/pause", {})
          const paused = yield* ask(url, "/schedules")
          assert.include(paused.text, '"isPaused":true')
        })
      ),
    { timeout: 120_000 }
  )
})
