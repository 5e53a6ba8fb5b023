import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, TestClock, TestContext } from "effect"
import { Serve } from "effect-deployers/Server"
import { Runs } from "effect-deployers/Store"
import { encodeKeysFile, type KeyScope, type LiveKey } from "../../../src/Contract/Keys.js"
import * as Routes from "../../../src/Contract/Routes.js"
import { digest } from "../../../src/Server/Http/BearerAuth.js"
import * as KeyBackoff from "../../../src/Server/Http/KeyBackoff.js"
import * as KeyRing from "../../../src/Server/Http/KeyRing.js"
import * as Ids from "../../../src/Store/Ids.js"
import { manifestTest } from "../Manifest.js"
import { weather } from "../Pipelines.js"

const keyOf = (scope: string) => `the-key-with-the-scope-${scope}`

const live = (scope: KeyScope, more: Partial<LiveKey> = {}): LiveKey => ({
  id: scope,
  digest: digest(keyOf(scope)),
  scopes: [scope],
  ...more
})

const serving = { protectedEndpoints: ["info", "metrics", "docs", "page"] } as const

const manifest = {
  ...manifestTest(weather, { serving }),
  keys: [live("invoke"), live("read"), live("admin")]
}

const served = Layer.scoped(
  Serve.Served,
  Effect.tap(Serve.make(weather, manifest), ({ warmUp }) => warmUp)
).pipe(Layer.provide([Runs.layerMemory, Ids.layer]))

const ask = (path: string, method: string, authorization?: string) =>
  Effect.flatMap(Serve.Served, ({ url }) =>
    Effect.promise(async () => {
      const headers = authorization === undefined ? {} : { authorization }
      const response = await fetch(`${url}${path}`, { method, headers })
      return { status: response.status, headers: response.headers, text: await response.text() }
    })
  )

layer(Layer.fresh(served), { excludeTestServices: true })("G30: a key with one scope", (it) => {
  const routes = Routes.make(manifest.serving).filter(({ isPublic }) => !isPublic)
  it.effect("permits the routes of its scope and no other; admin permits all", () =>
    Effect.gen(function* () {
      assert.isAbove(routes.length, 8)
      for (const { method, path, scope } of routes) {
        for (const own of ["invoke", "read", "admin"] as const) {
          const answer = yield* ask(path.replace(":id", "none"), method, `Bearer ${keyOf(own)}`)
          const isPermitted = own === scope || own === "admin"
          assert.strictEqual(answer.status === 403, !isPermitted, `${own} ${path} ${answer.status}`)
          assert.notStrictEqual(answer.status, 401)
          if (isPermitted) continue
          assert.deepInclude(JSON.parse(answer.text), { _tag: "Forbidden", scope })
          assert.include(answer.headers.get("www-authenticate"), `scope="${scope}"`)
        }
      }
      const metrics = yield* ask("/metrics", "GET", `Bearer ${keyOf("read")}`)
      assert.match(metrics.text, /deployers_keys_refused_total\{reason="scope"\} [1-9]/)
    })
  )
})

layer(Layer.fresh(served), { excludeTestServices: true })("G07: wrong keys from one address", (it) => {
  it.effect("get 429 with Retry-After after ten of them, and a live key still passes", () =>
    Effect.gen(function* () {
      const wrong = Effect.map(ask("/runs", "GET", "Bearer a-wrong-key"), ({ status }) => status)
      const first = yield* Effect.replicateEffect(wrong, KeyBackoff.freeFailures)
      assert.deepStrictEqual(Array.from(new Set(first)), [401])
      const refused = yield* ask("/runs", "GET", "Bearer a-wrong-key")
      assert.deepStrictEqual([refused.status, refused.headers.get("retry-after")], [429, "1"])
      assert.include(refused.text, "TooManyFailedKeys")
      assert.strictEqual((yield* ask("/runs", "GET", `Bearer ${keyOf("read")}`)).status, 200)
      assert.strictEqual((yield* ask("/runs", "GET")).status, 401)
    })
  )
})

describe("KeyBackoff", () => {
  const fail = (backoff: KeyBackoff.KeyBackoff, times: number, address = "a", now = 0) =>
    Array.from({ length: times }, () => backoff.failed(address, now)).at(-1)

  it("doubles the wait up to a minute, and forgets after five minutes", () => {
    const backoff = KeyBackoff.make()
    assert.strictEqual(fail(backoff, 10), 0)
    let now = 0
    const waits = Array.from({ length: 8 }, () => {
      const wait = backoff.failed("a", now)
      assert.strictEqual(backoff.failed("a", now + 1), wait)
      now += wait * 1_000
      return wait
    })
    assert.deepStrictEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60])
    assert.strictEqual(backoff.failed("b", now), 0)
    assert.strictEqual(backoff.failed("a", now + 400_000), 0)
  })

  it("remembers a bounded number of addresses", () => {
    const backoff = KeyBackoff.make()
    assert.strictEqual(fail(backoff, 11), 1)
    for (let i = 0; i < 2_000; i++) backoff.failed(`other-${i}`, 0)
    assert.strictEqual(backoff.failed("a", 0), 0)
  })
})

describe("KeyRing", () => {
  it.effect("reads the file of the keys again, keeps the last whole one, and records uses", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "keys-" })
      const keysFile = `${folder}/keys.json`
      const write = (text: string) =>
        Effect.zipRight(fs.writeFileString(`${keysFile}.new`, text), fs.rename(`${keysFile}.new`, keysFile))
      const ring = yield* KeyRing.make({ ...manifestTest(weather), keysFile, runStore: `${folder}/runs.db` })
      const found = () => (["invoke", "read"] as const).map((scope) => ring.find(`Bearer ${keyOf(scope)}`)?.key.id)
      assert.isTrue(ring.isRequired)
      assert.deepStrictEqual(found(), [undefined, undefined])
      yield* write(encodeKeysFile([live("invoke"), live("read", { expiresAt: 5_000 })]))
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(found(), ["invoke", "read"])
      yield* write('{"formatVersion":1,"ke')
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(found(), ["invoke", "read"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(found(), ["invoke", undefined])
      assert.deepStrictEqual(ring.digests(), [live("invoke").digest])
      yield* write(encodeKeysFile([]))
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(found(), [undefined, undefined])
      const uses = JSON.parse(yield* fs.readFileString(`${folder}/key-uses.json`)) as Record<string, number>
      assert.deepStrictEqual(Object.keys(uses).sort(), ["invoke", "read"])
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(NodeFileSystem.layer, TestContext.TestContext)))
  )
})
