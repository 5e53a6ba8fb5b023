import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option, Redacted, Schedule, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Served, Server } from "effect-deployers/Server"
import * as PostgresRuns from "../../src/Store/PostgresRuns.js"
import { RunStore } from "../../src/Store/RunStore.js"
import { onDatabase, privateServer } from "../Store/Postgres.js"

const double = Pipeline.make("double", {
  input: Schema.Struct({ number: Schema.Number }),
  output: Schema.Struct({ number: Schema.Number }),
  run: ({ number }) => Effect.succeed({ number: 2 * number })
}).pipe(Pipeline.schedule("often", { cron: "* * * * * *", input: { number: 1 }, missed: "last" }))

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, met: (value: A) => boolean) =>
  effect.pipe(
    Effect.filterOrFail(met),
    Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(1_000)))
  )

/** A service over a server that the test may break. */
const service = Effect.gen(function* () {
  const server = yield* privateServer()
  const limits = { connectTimeout: "1 second", acquireTimeout: "1 second", statementTimeout: "2 seconds" } as const
  const context = yield* Layer.build(
    Layer.provideMerge(
      Server.layer(double),
      PostgresRuns.layer({ url: Redacted.make(server.url), ...limits }, { deployment: "outage" })
    )
  )
  const { url } = Context.get(context, Served)
  const http = yield* HttpClient.HttpClient
  const get = (path: string) => Effect.map(http.get(`${url}${path}`), ({ status }) => status)
  const invoke = Effect.gen(function* () {
    const request = HttpClientRequest.post(`${url}/invoke`).pipe(
      HttpClientRequest.bodyUnsafeJson({ parameters: { number: 2 } })
    )
    const { headers, json, status } = yield* http.execute(request)
    return { status, body: yield* json, retryAfter: headers["retry-after"] }
  })
  return { server, get, invoke, store: Context.get(context, RunStore) }
})

const RunId = Schema.Struct({ metadata: Schema.Struct({ runId: Schema.String }) })

/** Invokes until the service accepts runs, and checks that each answered run is on record. */
const comesBack = ({ get, invoke, store }: Effect.Effect.Success<typeof service>) =>
  Effect.gen(function* () {
    const { body } = yield* eventually(invoke, ({ status }) => status === 200)
    const { metadata } = yield* Schema.decodeUnknown(RunId)(body)
    assert.strictEqual(Option.getOrThrow(yield* store.find(metadata.runId)).status, "succeeded")
    yield* eventually(get("/health/ready"), (status) => status === 200)
    return metadata.runId
  })

const refuses = ({ get, invoke }: Effect.Effect.Success<typeof service>) =>
  Effect.gen(function* () {
    const refused = yield* eventually(invoke, ({ status }) => status !== 200)
    assert.strictEqual(refused.status, 503)
    assert.isDefined(refused.retryAfter)
    assert.deepInclude({ ...(refused.body as object) }, { _tag: "ServiceUnavailable", reason: "store" })
    assert.strictEqual(yield* get("/health/ready"), 503)
  })

describe("a service whose run store is on PostgreSQL", () => {
  it.scopedLive(
    "P02 P08: refuses runs while the server is gone, and goes on by itself, its schedules, too",
    () =>
      Effect.gen(function* () {
        const made = yield* service
        const { server, store } = made
        const before = yield* comesBack(made)
        yield* Effect.promise(() => server.end("SIGQUIT"))
        yield* refuses(made)
        yield* Effect.promise(() => server.restart())
        const fired = Effect.map(store.schedules.find(["often"]), ([found]) => found?.nextAt ?? 0)
        yield* comesBack(made)
        assert.strictEqual(Option.getOrThrow(yield* store.find(before)).status, "succeeded")
        const next = yield* fired
        yield* eventually(fired, (at) => at > next)
      }).pipe(Effect.provide(NodeHttpClient.layer)),
    120_000
  )

  it.scopedLive(
    "P07: refuses runs while the server only reads, and writes again when it may",
    () =>
      Effect.gen(function* () {
        const made = yield* service
        const readsOnly = (value: "on" | "off") =>
          Effect.forEach(
            [`ALTER SYSTEM SET default_transaction_read_only = ${value}`, "SELECT pg_reload_conf()"],
            (statement) => onDatabase(made.server.url, statement)
          )
        yield* comesBack(made)
        yield* readsOnly("on")
        yield* refuses(made)
        yield* readsOnly("off")
        yield* comesBack(made)
      }).pipe(Effect.provide(NodeHttpClient.layer)),
    120_000
  )
})
