import * as Net from "node:net"
import { Context, Effect, Layer, Logger, Option, Ref, Schema } from "effect"
import type { Pipeline, Settings } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { StoreError } from "../../src/Errors/Stores.js"
import { Run, RunStore } from "../../src/Store/RunStore.js"
import * as Runs from "../../src/Store/Runs.js"
import * as Together from "./Cluster/Together.js"
import * as App from "./Http/AppServer.js"

export const key = "k".repeat(43)

export interface Options {
  readonly serving?: Settings.ServingInput
  readonly key?: string
}

/** A served pipeline over a real SQLite store in memory. */
export const served = (pipeline: Pipeline.Any, options: Options = {}) =>
  Layer.provideMerge(
    Layer.suspend(() =>
      byTwo && Together.areTwo(pipeline, options) ? Together.layer(pipeline, options) : serving(pipeline, options)
    ),
    memory()
  ).pipe(Layer.provide(quiet))

/** A served pipeline that still needs a store. */
export const serving = (pipeline: Pipeline.Any, options: Options = {}): App.Serving =>
  Layer.suspend((): App.Serving => (asApp ? App.layer(pipeline, options) : Serve.layerTest(pipeline, options)))

let byTwo = false

/** Has the suites of this file ask two workers in turn; to be called before they are loaded. */
export const serveByTwo = () => {
  byTwo = true
}

/** Whether the suites of this file ask an app in a server of the platform. */
export let asApp = false

/** Has the suites of this file ask an app in a server of the platform; to be called before they are loaded. */
export const serveAsApp = () => {
  asApp = true
}

/** Keeps the log of the service out of the test's output. */
export const quiet = Logger.remove(Logger.defaultLogger)

/** One store in memory, shared by whoever refers to the layer. */
export const memory = () =>
  Layer.scoped(
    RunStore,
    Effect.map(Layer.build(Runs.layerMemory), (context) => Context.get(context, RunStore))
  )

/** A body as any of the answers. */
export interface Json {
  readonly [key: string]: unknown
  readonly runId: string
  readonly id: string
  readonly metadata: { readonly [key: string]: unknown; readonly runId: string; readonly runIndex: number }
  readonly runs: ReadonlyArray<{ readonly [key: string]: unknown; readonly id: string }>
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Json
}

const decodeJson = Schema.decodeOption(Schema.parseJson())

/** One request with `fetch`. */
export const request = (
  path: string,
  init: RequestInit & { readonly json?: unknown } = {}
): Effect.Effect<Reply, never, Serve.Served> =>
  Effect.gen(function* () {
    const { url } = yield* Serve.Served
    const { json, ...rest } = init
    const response = yield* Effect.promise((signal) =>
      fetch(`${url}${path}`, {
        redirect: "manual",
        signal,
        ...rest,
        ...(json === undefined
          ? {}
          : {
              method: rest.method ?? "POST",
              body: typeof json === "string" ? json : JSON.stringify(json),
              headers: { "content-type": "application/json", ...rest.headers }
            })
      })
    )
    const text = yield* Effect.promise(() => response.text())
    const parsed = Option.getOrUndefined(decodeJson(text)) as Json
    return { status: response.status, headers: response.headers, text, json: parsed }
  })

export const invoke = (parameters: unknown, extra: Record<string, unknown> = {}, init: RequestInit = {}) =>
  request("/invoke", { ...init, json: { parameters, ...extra } })

export const stored = (id: string) =>
  Effect.flatMap(RunStore, (store) => Effect.map(store.find(id), Option.getOrThrow)).pipe(
    Effect.flatMap(Schema.encode(Run))
  )

/** The newest run, as the store has it. */
export const newest = Effect.gen(function* () {
  const store = yield* RunStore
  const { runs } = yield* store.list({ limit: 1 })
  return yield* stored(runs[0]?.id ?? "none")
})

/** Sends bytes over a socket and collects everything until the other side closes. */
export const raw = (
  parts: ReadonlyArray<string | Uint8Array>,
  options: { readonly keepOpen?: boolean } = {}
): Effect.Effect<string, never, Serve.Served> =>
  Effect.flatMap(Serve.Served, ({ host, port }) =>
    Effect.async<string>((resume) => {
      const chunks: Array<Buffer> = []
      const socket = Net.connect({ host, port }, () => {
        for (const part of parts) socket.write(part)
        if (options.keepOpen !== true) socket.end()
      })
      const done = () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8")))
      socket.on("data", (chunk) => chunks.push(chunk))
      socket.on("close", done)
      socket.on("error", done)
      return Effect.sync(() => socket.destroy())
    })
  )

export const statusOf = (reply: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1])

export class Breaker extends Context.Tag("test/Breaker")<
  Breaker,
  { readonly set: (fails: (batch: ReadonlyArray<unknown>) => boolean) => Effect.Effect<void> }
>() {}

const failure = new StoreError({ store: "runs", operation: "runs.commit", reason: "full" })

/** A real store whose writes can be made to fail. */
export const fragile = Layer.unwrapEffect(
  Effect.map(
    Ref.make<(batch: ReadonlyArray<unknown>) => boolean>(() => false),
    (fails) =>
      Layer.merge(
        Layer.succeed(Breaker, { set: (f) => Ref.set(fails, f) }),
        Layer.effect(
          RunStore,
          Effect.map(RunStore, (store) => ({
            ...store,
            commit: (batch: Parameters<typeof store.commit>[0]) =>
              Effect.flatMap(Ref.get(fails), (f) => (f(batch) ? Effect.fail(failure) : store.commit(batch)))
          }))
        ).pipe(Layer.provide(memory()))
      )
  )
)
