// Share links: a token that the owner signs, and the requests that it permits.
import { assert, describe, it, layer } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { Serve } from "effect-deployers/Server"
import { Runs } from "effect-deployers/Store"
import type { LiveKey } from "../../../src/Contract/Keys.js"
import * as Routes from "../../../src/Contract/Routes.js"
import * as ShareToken from "../../../src/Contract/ShareToken.js"
import { digest } from "../../../src/Server/Http/BearerAuth.js"
import * as KeyBackoff from "../../../src/Server/Http/KeyBackoff.js"
import * as ShareLinks from "../../../src/Server/Http/ShareLinks.js"
import * as Ids from "../../../src/Store/Ids.js"
import { key, request } from "../Harness.js"
import { manifestTest } from "../Manifest.js"
import { weather } from "../Pipelines.js"
import { tokenOf } from "../ShareTokens.js"

const owner: LiveKey = { id: "owner", digest: digest(key), scopes: ["invoke", "read", "admin"] }

const manifest = {
  ...manifestTest(weather, { serving: { protectedEndpoints: ["info", "metrics", "docs", "page"] } }),
  keys: [owner, { id: "reader", digest: digest("the-key-of-a-reader"), scopes: ["read"] as const }]
}

const served = Layer.scoped(
  Serve.Served,
  Effect.tap(Serve.make(weather, manifest), ({ warmUp }) => warmUp)
).pipe(Layer.provide([Runs.layerMemory, Ids.layer]))

const { id } = manifest.deployment

const token = (more: Partial<ShareToken.Claims> = {}, signer = key, deployment = id): string =>
  tokenOf(signer, deployment, more)

const ask = (path: string, by: string, method = "GET") =>
  request(path, {
    method,
    headers: { authorization: `Bearer ${by}` },
    ...(path === "/invoke" ? { json: { parameters: { city: "Oslo" } } } : {})
  })

layer(Layer.fresh(served), { excludeTestServices: true })("a share link", (it) => {
  const routes = Routes.make(manifest.serving).filter(({ isPublic }) => !isPublic)

  it.effect("reads the page, its documents and the runs, and permits nothing else", () =>
    Effect.gen(function* () {
      for (const { method, name, path } of routes) {
        const { json, status } = yield* ask(path.replace(":id", "none"), token(), method)
        assert.strictEqual(status === 403, !ShareToken.readable.includes(name), `${name} ${status}`)
        if (status === 403) assert.strictEqual(json["_tag"], "Forbidden")
        else assert.notStrictEqual(status, 401, name)
      }
    })
  )

  it.effect("runs the pipeline if it says so, and still cancels nothing", () =>
    Effect.gen(function* () {
      const by = token({ invoke: true })
      const { json, status } = yield* ask("/invoke", by, "POST")
      assert.strictEqual(status, 200)
      assert.strictEqual((yield* ask(`/runs/${json.metadata.runId}/cancel`, by, "POST")).status, 403)
      assert.strictEqual((yield* ask("/sessions", by)).status, 403)
    })
  )

  it.effect("of one run shows this run alone", () =>
    Effect.gen(function* () {
      const [first, second] = yield* Effect.replicateEffect(ask("/invoke", key, "POST"), 2)
      const by = token({ runId: first?.json.metadata.runId })
      const statusOf = (path: string) => Effect.map(ask(path, by), ({ status }) => status)
      assert.strictEqual(yield* statusOf(`/runs/${first?.json.metadata.runId}`), 200)
      assert.strictEqual(yield* statusOf(`/runs/${first?.json.metadata.runId}/logs`), 200)
      assert.strictEqual(yield* statusOf(`/runs/${second?.json.metadata.runId}`), 403)
      assert.strictEqual(yield* statusOf(`/runs/${first?.json.metadata.runId}x/logs`), 403)
      assert.deepStrictEqual([yield* statusOf("/runs"), yield* statusOf("/info")], [403, 200])
    })
  )

  it.effect("that has expired says so as often as it is used; a wrong one is a wrong key", () =>
    Effect.gen(function* () {
      const expired = token({ expiresAt: yield* Clock.currentTimeMillis })
      for (let i = 0; i <= KeyBackoff.freeFailures; i++) {
        const { json, status } = yield* ask("/runs", expired)
        assert.deepStrictEqual([status, json["_tag"], json["reason"]], [401, "Unauthorized", "expired"])
      }
      const wrong = yield* ask("/runs", token({}, "another"))
      assert.deepStrictEqual([wrong.status, wrong.json["reason"]], [401, undefined])
    })
  )
})

describe("the signature of a share link", () => {
  const verified = (given: string, keys: ReadonlyArray<LiveKey> = [owner]) => ShareLinks.verify(given, keys, id)

  it("is that of a key with every right which no newer one replaces", () => {
    assert.isFalse(verified(token())?.invoke)
    assert.isUndefined(verified(token(), [{ ...owner, isRetiring: true }]))
    assert.isUndefined(verified(token(), [{ ...owner, scopes: ["read", "invoke"] }]))
    assert.isUndefined(verified(token(), []))
  })

  it("covers the claims and the deployment", () => {
    const [, , signature = ""] = token().split(".")
    const [, claims = ""] = token({ invoke: true }).split(".")
    assert.isUndefined(verified(ShareToken.join({ claims, signature })))
    assert.isUndefined(verified(token({}, key, "another-deployment")))
    for (const given of [key, "share1..", "share1.e30.", `${token()}A`]) assert.isUndefined(verified(given))
  })
})
