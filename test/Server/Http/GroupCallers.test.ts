// Limits of callers in a group. Of several workers each has its share of the numbers.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { request, served } from "../Harness.js"

const plain = Pipeline.make("plain", {
  input: Schema.Struct({ text: Schema.String }),
  output: Schema.String,
  run: ({ text }) => Effect.succeed(text)
})

describe("a pipeline of a group", () => {
  it.live("limits its own callers, and not those of its neighbours", () =>
    Effect.gen(function* () {
      const release = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const slow = Pipeline.make("slow", {
        input: Schema.Struct({}),
        output: Schema.Void,
        callers: { by: ({ headers }) => headers["x-tenant"] ?? "none", concurrency: 1, queue: 0 },
        run: () => Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(release))
      })
      yield* Effect.gen(function* () {
        const ask = (path: string, tenant: string) =>
          request(path, {
            json: { parameters: path.startsWith("/slow") ? {} : { text: "a" } },
            headers: { "x-tenant": tenant }
          })
        const first = yield* Effect.fork(ask("/slow/invoke", "a"))
        yield* Deferred.await(begun)
        const second = yield* ask("/slow/invoke", "a")
        assert.deepStrictEqual([second.status, second.json["_tag"]], [429, "TooManyRuns"])
        assert.strictEqual((yield* ask("/plain/invoke", "a")).status, 200)
        const viaGroup = yield* request("/invoke", {
          json: { parameters: { pipeline: "slow", parameters: {} } },
          headers: { "x-tenant": "a" }
        })
        assert.strictEqual(viaGroup.status, 429)
        const other = yield* Effect.fork(ask("/slow/invoke", "b"))
        yield* Deferred.succeed(release, undefined)
        assert.deepStrictEqual([(yield* first).status, (yield* other).status], [200, 200])
      }).pipe(Effect.provide(served(Pipeline.group("limited", [slow, plain]))))
    })
  )
})
