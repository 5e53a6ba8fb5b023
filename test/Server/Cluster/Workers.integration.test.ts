import { readFileSync } from "node:fs"
import { Agent } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, Option, Ref } from "effect"
import { RunStore } from "../../../src/Store/RunStore.js"
import * as Runs from "../../../src/Store/Runs.js"
import { underLoad } from "../../Load.js"
import { ask, eventually, half, invoke, isAlive, metric, restart, scoped, start, urlOf, workersOf } from "./Service.js"

const stored = <A, E>(folder: string, effect: Effect.Effect<A, E, RunStore>) =>
  Effect.provide(effect, Runs.layerReadOnly(`${folder}/runs.db`))

const times = <A, E>(count: number, effect: Effect.Effect<A, E>) =>
  Effect.all(
    Array.from({ length: count }, () => effect),
    { concurrency: 8 }
  )

const metrics = (url: string) =>
  Effect.map(ask(url, "/metrics"), ({ text }) => ({
    succeeded: metric(text, 'runs_total{status="succeeded"}'),
    durations: metric(text, "run_duration_seconds_count"),
    inFlight: metric(text, "runs_in_flight"),
    workers: metric(text, "workers"),
    restarts: metric(text, "worker_restarts_total"),
    ready: metric(text, "ready")
  }))

const runsOf = (url: string, query = "") =>
  Effect.map(
    ask(url, `/runs${query}`),
    ({ text }) => JSON.parse(text).runs as ReadonlyArray<{ id: string; index: number; status: string; cause?: string }>
  )

/** A connection that is kept, and the worker at its end. */
const connection = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 1 })),
    (agent) => Effect.sync(() => agent.destroy())
  ).pipe(
    Effect.bindTo("agent"),
    Effect.bind("pid", ({ agent }) => Effect.map(invoke(url, 0, agent), ({ pid }) => pid))
  )

/**
 * One run in each worker, both stored as running. Connections that are made at the same time may go to the same worker,
 * when the other one is slower to take what it got.
 */
const oneRunEach = (url: string, millis: number) =>
  Effect.gen(function* () {
    const one = yield* connection(url)
    const other = yield* eventually(Effect.filterOrFail(connection(url), ({ pid }) => pid !== one.pid))
    const first = yield* Effect.fork(invoke(url, millis, one.agent))
    const second = yield* Effect.fork(invoke(url, millis, other.agent))
    yield* eventually(Effect.filterOrFail(runsOf(url, "?status=running"), (runs) => runs.length === 2))
    return [first, second] as const
  })

describe("a service with two workers", () => {
  it.live("answers as one service from every worker", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const workers = workersOf(service)
        assert.strictEqual(workers.length, 2)
        // Who has no workers does not load what makes them.
        assert.notMatch(
          readFileSync(`${service.folder}/main.mjs`, "utf8"),
          /from\s*"(node:)?cluster"|require\("(node:)?cluster"\)/
        )
        const answers = yield* times(40, invoke(url, 0))
        assert.deepStrictEqual(new Set(answers.map(({ pid }) => pid)), new Set(workers))
        assert.strictEqual(new Set(answers.map(({ index }) => index)).size, 40)
        for (let scrape = 0; scrape < 6; scrape++) {
          assert.deepStrictEqual(yield* metrics(url), {
            succeeded: 40,
            durations: 40,
            inFlight: 0,
            workers: 2,
            restarts: 0,
            ready: 1
          })
        }
        for (const path of ["/health", "/health/ready", "/health/live"]) {
          const replies = yield* times(4, ask(url, path))
          assert.deepStrictEqual(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size, 1)
        }
        const infos = (yield* times(4, ask(url, "/info"))).map(({ text }) => JSON.parse(text))
        assert.strictEqual(new Set(infos.map(({ startedAt }) => startedAt)).size, 1)
        assert.isTrue(infos.every(({ counts }) => counts.succeeded === 40 && counts.running === 0))
        const lists = yield* times(4, runsOf(url, "?limit=100"))
        assert.deepStrictEqual(new Set(lists.map((runs) => runs.map(({ id }) => id).join())).size, 1)
        assert.strictEqual(lists[0]?.length, 40)
      })
    )
  )

  it.live("finds a run in progress with its steps from either worker", () =>
    scoped(
      Effect.gen(function* () {
        const url = yield* urlOf(yield* start({}))
        const run = yield* Effect.fork(invoke(url, 60_000))
        const going = yield* eventually(
          Effect.filterOrFail(runsOf(url, "?status=running"), (runs) => runs.length === 1)
        )
        const id = going[0]?.id
        for (let time = 0; time < 4; time++) {
          const { text } = yield* ask(url, `/runs/${id}`)
          const { status, steps } = JSON.parse(text)
          assert.strictEqual(status, "running")
          assert.deepStrictEqual(
            steps.map((step: { name: string; status: string }) => [step.name, step.status]),
            [
              ["pause", "succeeded"],
              ["pause#2", "running"]
            ]
          )
          assert.strictEqual((yield* runsOf(url, "?status=running")).length, 1)
        }
        assert.strictEqual((yield* ask(url, "/runs/none")).status, 404)
        yield* Fiber.interrupt(run)
      })
    )
  )

  it.live("counts runs without recording them", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({ recording: "none" })
        const url = yield* urlOf(service)
        const answers = yield* times(20, invoke(url, 0))
        assert.strictEqual(new Set(answers.map(({ index }) => index)).size, 20)
        assert.strictEqual((yield* metrics(url)).succeeded, 20)
        assert.strictEqual((yield* ask(url, "/runs")).status, 404)
      })
    )
  )

  it.live("records every run of four workers that write to one store", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({ workers: 4 })
        const url = yield* urlOf(service)
        const agent = new Agent({ keepAlive: true, maxSockets: 32 })
        const answers = yield* Effect.all(
          Array.from({ length: 1_000 }, () => invoke(url, 0, agent)),
          { concurrency: 32 }
        )
        agent.destroy()
        assert.isTrue(answers.every(({ status }) => status === 200))
        assert.strictEqual(new Set(answers.map(({ pid }) => pid)).size, 4)
        assert.strictEqual(new Set(answers.map(({ index }) => index)).size, 1_000)
        const all = yield* metrics(url)
        assert.deepStrictEqual([all.succeeded, all.workers], [1_000, 4])
        const counts = yield* stored(
          service.folder,
          Effect.flatMap(RunStore, (store) => store.counts)
        )
        assert.deepStrictEqual(counts, { queued: 0, running: 0, succeeded: 1_000, failed: 0, interrupted: 0 })
      })
    )
  )

  it.live("divides its limits among the workers", () =>
    scoped(
      Effect.gen(function* () {
        const url = yield* urlOf(yield* start({ maxConcurrency: 2, maxQueue: 2 }))
        const full = Effect.map(ask(url, "/metrics"), ({ text }) => [
          metric(text, "runs_in_flight"),
          metric(text, "runs_queued")
        ])
        // Whose turn a connection is does not depend on who has room: some are refused before both workers are full.
        const going = yield* Effect.fork(
          Effect.all(
            Array.from({ length: 4 }, () => Effect.forever(Effect.ignore(invoke(url, 60_000)))),
            { concurrency: "unbounded" }
          )
        )
        yield* eventually(Effect.filterOrFail(full, (counts) => counts.join() === "2,2"))
        assert.deepStrictEqual(
          (yield* times(4, ask(url, "/invoke", { parameters: { millis: 0 } }))).map(({ status }) => status),
          [429, 429, 429, 429]
        )
        yield* Fiber.interrupt(going)
      })
    )
  )
})

describe("a worker that dies", () => {
  it.live("is replaced, and only its own runs are lost", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const workers = workersOf(service)
        const fibers = yield* oneRunEach(url, 2_000)
        // What a worker has counted since it was last asked goes with it.
        yield* metrics(url)
        process.kill(workers[0] ?? 0, "SIGKILL")
        const results = yield* Effect.forEach(fibers, (fiber) => Effect.option(Fiber.join(fiber)))
        assert.deepStrictEqual(
          results.flatMap((result) => (Option.isSome(result) ? [result.value.pid] : [])),
          workers.slice(1)
        )
        const back = yield* eventually(Effect.filterOrFail(metrics(url), (all) => all.workers === 2))
        const runs = yield* runsOf(url)
        const [lost, ...others] = runs.map(({ cause, status }) => [status, cause]).sort()
        assert.deepStrictEqual(lost, ["interrupted", "lost"])
        for (const other of others) assert.deepStrictEqual(other, ["succeeded", undefined])
        assert.deepStrictEqual([back.restarts, back.ready, back.succeeded], [1, 1, others.length])
        assert.include(service.log(), "was ended by SIGKILL. Another one starts in")
      })
    )
  )

  it.live("F34: on an uncaught error drains and is replaced", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start(
          {},
          `export const pipeline = Pipeline.make("rogue", {
            input: Schema.Struct({ millis: Schema.Number }),
            output: Schema.Number,
            run: ({ millis }) => Effect.sync(() => {
              if (millis < 0) setImmediate(() => { throw new Error("rogue callback") })
              return process.pid
            })
          })`
        )
        const url = yield* urlOf(service)
        const before = workersOf(service)
        assert.strictEqual((yield* invoke(url, -1)).status, 200)
        yield* eventually(Effect.filterOrFail(metrics(url), (all) => all.restarts === 1 && all.workers === 2))
        assert.strictEqual(workersOf(service).filter((pid) => before.includes(pid)).length, 1)
        assert.include(service.log(), "rogue callback")
        assert.include(service.log(), "ended with exit code 70. Another one starts in")
        assert.strictEqual((yield* invoke(url, 0)).status, 200)
      })
    )
  )

  it.live("F25: holds up only its own connections when it hangs", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        yield* times(10, invoke(url, 0))
        assert.strictEqual((yield* metrics(url)).succeeded, 10)
        process.kill(workersOf(service)[0] ?? 0, "SIGSTOP")
        const asked = yield* Effect.forEach([1, 2, 3, 4], () => Effect.fork(metrics(url)))
        const answered = Effect.map(Effect.forEach(asked, Fiber.poll), (polls) => polls.filter(Option.isSome).length)
        yield* eventually(Effect.filterOrFail(answered, (count) => count >= 3))
        process.kill(workersOf(service)[0] ?? 0, "SIGCONT")
        const all = yield* Effect.forEach(asked, Fiber.join)
        assert.deepStrictEqual(
          all.map(({ succeeded, workers }) => [succeeded, workers]),
          [
            [10, 2],
            [10, 2],
            [10, 2],
            [10, 2]
          ]
        )
      })
    )
  )

  it.live("F25: leaves the service healthy and ready while another one serves", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const stopped = workersOf(service)[0] ?? 0
        process.kill(stopped, "SIGSTOP")
        const paths = ["/health", "/health/ready", "/health/live", "/health/ready"]
        const asked = yield* Effect.forEach(paths, (path) => Effect.fork(ask(url, path)))
        const answered = Effect.map(Effect.forEach(asked, Fiber.poll), (polls) => polls.filter(Option.isSome).length)
        yield* eventually(Effect.filterOrFail(answered, (count) => count >= 3))
        process.kill(stopped, "SIGCONT")
        const all = yield* Effect.forEach(asked, Fiber.join)
        assert.deepStrictEqual(
          all.map(({ status }) => status),
          [200, 200, 200, 200]
        )
      })
    )
  )

  it.live("leaves no caller waiting on a connection that it did not accept", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const stopped = workersOf(service)[0] ?? 0
        process.kill(stopped, "SIGSTOP")
        const asked = yield* Effect.forEach([1, 2, 3, 4], () => Effect.fork(Effect.either(metrics(url))))
        const answered = Effect.map(Effect.forEach(asked, Fiber.poll), (polls) => polls.filter(Option.isSome).length)
        yield* eventually(Effect.filterOrFail(answered, (count) => count === 3))
        process.kill(stopped, "SIGKILL")
        yield* eventually(Effect.filterOrFail(answered, (count) => count === 4))
        const all = yield* Effect.forEach(asked, Fiber.join)
        assert.strictEqual(all.filter(Either.isLeft).length, 1)
      })
    )
  )

  it.live("F22: loses no acknowledged run under load", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const agent = new Agent({ keepAlive: true, maxSockets: 16 })
        const acknowledged = yield* Ref.make<ReadonlyArray<string>>([])
        const note = ({ id }: { readonly id: string }) => Ref.update(acknowledged, (ids) => [...ids, id])
        const [, tally] = yield* underLoad(
          { callers: 16, restMillis: 1, ask: () => Effect.tap(invoke(url, 1, agent), note) },
          (tally) =>
            Effect.gen(function* () {
              for (let round = 1; round <= 3; round++) {
                const { requests } = yield* tally
                yield* eventually(Effect.filterOrFail(tally, (now) => now.requests > requests + 100))
                process.kill(workersOf(service)[0] ?? 0, "SIGKILL")
                yield* eventually(
                  Effect.filterOrFail(metrics(url), (now) => now.restarts === round && now.workers === 2)
                )
              }
            })
        )
        agent.destroy()
        const ids = yield* Ref.get(acknowledged)
        assert.strictEqual(ids.length, tally.requests - tally.failed)
        const missing = yield* stored(
          service.folder,
          Effect.flatMap(RunStore, ({ find }) =>
            Effect.filter(ids, (id) =>
              Effect.map(find(id), (run) => Option.isNone(run) || run.value.status !== "succeeded")
            )
          )
        )
        assert.deepStrictEqual(missing, [])
        // At most what was going in a killed worker failed.
        assert.isAtMost(tally.failed, 3 * 16)
        assert.strictEqual((yield* invoke(url, 0)).status, 200)
      })
    )
  )

  it.live("ends the service when it is in a crash loop", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const provoke = Effect.ignore(invoke(url, -1))
        const { code } = yield* Effect.raceFirst(
          service.ended,
          Effect.forever(Effect.zipRight(provoke, Effect.yieldNow()))
        )
        assert.strictEqual(code, 70)
        assert.include(service.log(), "within 1m, so the service ends.")
        assert.deepStrictEqual(workersOf(service), [])
      })
    )
  )
})

describe("the start of a service with workers", () => {
  it.live("fails once, with the reason, when a warm state cannot be built", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start(
          {},
          `export const pipeline = Pipeline.provide(paced, Layer.effectDiscard(Effect.dieMessage("no such model")))`
        )
        assert.strictEqual((yield* service.ended).code, 70)
        const fatal = service
          .log()
          .split("\n")
          .filter((line) => line.includes('"FATAL"'))
        assert.strictEqual(fatal.length, 1)
        assert.include(fatal[0], 'The warm state of pipeline \\"paced\\" could not be built: ')
      })
    )
  )

  it.live("marks the runs of an earlier process as lost", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const fibers = yield* oneRunEach(yield* urlOf(service), 60_000)
        yield* eventually(
          Effect.filterOrFail(
            stored(
              service.folder,
              Effect.flatMap(RunStore, ({ counts }) => counts)
            ),
            ({ running }) => running === 2
          )
        )
        process.kill(service.primary.pid ?? 0, "SIGKILL")
        yield* Effect.forEach(fibers, Fiber.await)
        const again = yield* restart(service.folder)
        const runs = yield* runsOf(yield* urlOf(again))
        assert.deepStrictEqual(
          runs.flatMap(({ cause }) => cause ?? []),
          ["lost", "lost"]
        )
        const { index } = yield* invoke(yield* urlOf(again), 0)
        assert.isAbove(index, Math.max(...runs.map((run) => run.index)))
      })
    )
  )
})

describe("the end of a service with workers", () => {
  it.live("leaves no worker when the primary is killed", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const workers = workersOf(service)
        const fibers = yield* oneRunEach(url, 60_000)
        process.kill(service.primary.pid ?? 0, "SIGKILL")
        yield* eventually(Effect.suspend(() => (workers.some(isAlive) ? Effect.fail("alive") : Effect.void)))
        yield* Effect.forEach(fibers, Fiber.await)
        assert.strictEqual((yield* Effect.exit(ask(url, "/health")))._tag, "Failure")
      })
    )
  )

  it.live("F19: answers every accepted run under load and exits with 143", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        const agent = new Agent({ keepAlive: true, maxSockets: 16 })
        const statuses = yield* Ref.make<ReadonlyArray<number>>([])
        const note = ({ status }: { readonly status: number }) => Ref.update(statuses, (all) => [...all, status])
        yield* underLoad({ callers: 16, restMillis: 1, ask: () => Effect.tap(invoke(url, 30, agent), note) }, (tally) =>
          Effect.gen(function* () {
            yield* eventually(Effect.filterOrFail(tally, ({ requests }) => requests > 200))
            // As the Local flavor does: the whole group hears it.
            process.kill(-(service.primary.pid ?? 0), "SIGTERM")
            assert.deepStrictEqual(yield* service.ended, { code: 143, signal: null })
          })
        )
        agent.destroy()
        const answered = (yield* Ref.get(statuses)).filter((status) => status === 200).length
        const counts = yield* stored(
          service.folder,
          Effect.flatMap(RunStore, (store) => store.counts)
        )
        assert.deepStrictEqual(counts, { queued: 0, running: 0, succeeded: answered, failed: 0, interrupted: 0 })
      })
    )
  )

  it.live("F19: refuses new runs while others finish, and ends at once on a second signal", () =>
    scoped(
      Effect.gen(function* () {
        const service = yield* start({})
        const url = yield* urlOf(service)
        yield* oneRunEach(url, 60_000)
        const halves = yield* Effect.forEach([1, 2], () => half(url))
        process.kill(service.primary.pid ?? 0, "SIGTERM")
        yield* eventually(Effect.filterOrFail(Effect.sync(service.log), (log) => log.split("Draining: ").length === 3))
        for (const { rest } of halves) {
          const answer = yield* rest
          assert.match(answer, /^HTTP\/1\.1 503 /)
          assert.match(answer, /\r\nretry-after: 1\r\n/i)
          assert.match(answer, /\r\nconnection: close\r\n/i)
          assert.include(answer, '"reason":"draining"')
        }
        // The port stays open for callers that are new.
        const refused = yield* invoke(url, 0)
        assert.strictEqual(refused.status, 503)
        process.kill(service.primary.pid ?? 0, "SIGTERM")
        assert.deepStrictEqual(yield* service.ended, { code: 143, signal: null })
      })
    )
  )
})
