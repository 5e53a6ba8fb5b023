// Commands about sessions, webhooks and the log of a run, against a pipeline that is really served.
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Client, Pipeline, Session } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { RunStore } from "../../../src/Store/RunStore.js"
import { served } from "../../Server/Harness.js"
import { cli, json, World } from "../support.js"

const notes = Session.make("notes", Schema.Array(Schema.String), { ttl: "1 hour" })

const pipeline = Pipeline.make("notes", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Number,
  error: Session.AnyError,
  run: ({ city }) =>
    Effect.zipRight(
      Effect.logInfo(`a note about ${city}`),
      Effect.map(
        notes.update((all = []) => [...all, city]),
        (all) => all.length
      )
    )
})

const world = Layer.effect(
  Client.Endpoints,
  Effect.map(Serve.Served, ({ url }) => ({ resolve: (name: string) => Client.direct({ name, url }) }))
).pipe(
  Layer.provideMerge(served(pipeline)),
  (served) => Layer.merge(World, served),
  (world) => Layer.merge(world, FetchHttpClient.layer)
)

describe("sessions", () => {
  it.live("are named by invoke, listed, described and deleted", () =>
    Effect.gen(function* () {
      yield* cli(["deploy", "weather.ts", "--name", "weather"])
      const invoke = (session: string, city: string) =>
        cli(["invoke", "weather", "--session", session, "--city", city, "--json"])
      yield* invoke("ada", "Oslo")
      yield* invoke("ada", "Rome")
      const last = yield* invoke("bob", "Bern")
      const listed = json(yield* cli(["sessions", "weather", "--json", "--limit", "1"]))
      assert.deepStrictEqual(Object.keys(listed), ["sessions", "nextCursor"])
      const plain = yield* cli(["sessions", "weather"])
      assert.match(plain.stdout, /ada +notes +15/)
      const described = json(yield* cli(["session", "describe", "weather", "ada", "--json"]))
      const [state] = described["states"] as ReadonlyArray<Record<string, unknown>>
      assert.deepInclude(state, { name: "notes", value: ["Oslo", "Rome"] })
      assert.include((yield* cli(["session", "describe", "weather", "ada"])).stdout, '["Oslo","Rome"]')
      const runs = json(yield* cli(["runs", "weather", "--session", "ada", "--json"]))
      assert.lengthOf(runs["runs"] as ReadonlyArray<unknown>, 2)
      assert.strictEqual((yield* cli(["session", "delete", "weather", "ada"])).exitCode, 0)
      const gone = yield* cli(["session", "delete", "weather", "ada", "--json"])
      assert.deepStrictEqual([gone.exitCode, json(gone)["_tag"]], [1, "SessionNotFound"])
      assert.include(gone.stderr, "deployers sessions")
      const { runId } = json(last)["metadata"] as { readonly runId: string }
      const log = yield* cli(["run", "logs", runId, "--deployment", "weather"])
      assert.match(log.stdout, /INFO +a note about Bern/)
      const lines = json(yield* cli(["run", "logs", runId, "--deployment", "weather", "--json"]))
      assert.lengthOf(lines["lines"] as ReadonlyArray<unknown>, 1)
    }).pipe(Effect.provide(world))
  )
})

describe("webhooks", () => {
  it.live("are listed with their deliveries, which are sent again", () =>
    Effect.gen(function* () {
      yield* cli(["deploy", "weather.ts", "--name", "weather"])
      const { commit } = yield* RunStore
      const runId = "01890a5d-ac96-774b-bcce-b302099a8057"
      const id = `msg_${runId}_books`
      yield* commit([{ _tag: "Delivery", runId, webhook: "books" }])
      const listed = json(yield* cli(["webhooks", "weather", "--state", "pending", "--run", runId, "--json"]))
      const [delivery] = listed["deliveries"] as ReadonlyArray<Record<string, unknown>>
      assert.deepInclude(delivery, { id, runId, webhook: "books", state: "pending" })
      assert.match((yield* cli(["webhooks", "weather"])).stdout, new RegExp(`${id} +books +pending +0`))
      const again = json(yield* cli(["webhook", "retry", "weather", id, "--json"]))
      assert.deepInclude(again, { state: "pending", attempts: 0 })
      const unknown = yield* cli(["webhook", "retry", "weather", "none", "--json"])
      assert.deepStrictEqual([unknown.exitCode, json(unknown)["_tag"]], [1, "WebhookDeliveryNotFound"])
      assert.include(unknown.stderr, "deployers webhooks")
    }).pipe(Effect.provide(world))
  )
})
