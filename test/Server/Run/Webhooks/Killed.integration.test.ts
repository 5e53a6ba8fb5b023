// A service with two workers that is killed between the end of its runs and their deliveries: none is lost.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ask, eventually, restart, scoped, start, urlOf } from "../../Cluster/Service.js"
import * as Receiver from "../Receiver.js"

const environment = { WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString("base64")}` }

const runs = 6

describe("webhooks of a service that is killed", () => {
  it.live(
    "are called by the next process",
    () =>
      scoped(
        Effect.gen(function* () {
          const receiver = yield* Receiver.make()
          const webhooks = { to: { one: { url: receiver.url } }, timeoutMillis: 500, allowPrivateAddresses: true }
          const service = yield* start({ webhooks }, undefined, environment)
          const url = yield* urlOf(service)
          const invoked = eventually(
            Effect.filterOrFail(ask(url, "/invoke", { parameters: { millis: 0 } }), ({ status }) => status === 200)
          )
          const replies = yield* Effect.all(Array.from({ length: runs }, () => invoked))
          yield* receiver.next
          yield* Effect.sync(() => service.primary.pid !== undefined && process.kill(-service.primary.pid, "SIGKILL"))
          yield* service.ended
          const answering = Effect.map(receiver.next, ({ body, respond }) => {
            respond(204)
            return (JSON.parse(body) as { readonly data: { readonly run: { readonly id: string } } }).data.run.id
          })
          yield* urlOf(yield* restart(service.folder, environment))
          const expected = new Set(
            replies.map(
              ({ text }) => (JSON.parse(text) as { readonly metadata: { readonly runId: string } }).metadata.runId
            )
          )
          assert.strictEqual(expected.size, runs)
          const seen = new Set<string>()
          yield* Effect.repeat(
            Effect.map(answering, (id) => seen.add(id)),
            { until: () => seen.size === runs }
          )
          assert.deepStrictEqual(seen, expected)
        })
      ),
    { timeout: 120_000 }
  )
})
