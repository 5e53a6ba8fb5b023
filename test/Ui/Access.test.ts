// Who gets in at the page over all deployments: the token, the session, the host and the origin of a request.
import * as Http from "node:http"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { InMemoryFixture } from "effect-deployers/Conformance"
import { scriptOf } from "../Server/Pages/Script.js"
import { cookieOf, layerSession, Session, served } from "./Served.js"

/** A request with headers that `fetch` does not let a program set. */
const raw = (url: string, headers: Http.OutgoingHttpHeaders): Effect.Effect<number> =>
  Effect.async((resume) => {
    Http.get(url, { headers }, (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode ?? 0))
    })
  })

describe("the token of the page", () => {
  it.scoped("opens one session, in a cookie that scripts and other sites do not get, and is useless then", () =>
    Effect.gen(function* () {
      const { exchange, token, url } = yield* served
      assert.strictEqual((yield* exchange(`${token}x`)).status, 403)
      const first = yield* exchange(token)
      assert.strictEqual(first.status, 204)
      const folder = new URL(url).pathname
      assert.match(
        first.headers.get("set-cookie") ?? "",
        new RegExp(`^deployers-ui=[\\w-]{43}; Path=${folder}; HttpOnly; SameSite=Strict$`)
      )
      const again = yield* exchange(token)
      assert.deepStrictEqual([again.status, again.headers.get("set-cookie")], [403, null])
      assert.include(again.text, "Run `deployers ui` again")
      assert.notInclude(cookieOf(first), token)
    }).pipe(Effect.provide(InMemoryFixture.layer))
  )

  it.scoped("is in the fragment of the address, which browsers send to no server", () =>
    Effect.gen(function* () {
      const { firstUrl, token, url } = yield* served
      assert.strictEqual(firstUrl, `${url}#token=${token}`)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/ui-[\w-]{43}\/$/)
    }).pipe(Effect.provide(InMemoryFixture.layer))
  )
})

describe("the end of the server", () => {
  it.scoped("ends the streams that a browser reads", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { get } = Context.get(yield* Layer.buildWithScope(layerSession, scope), Session)
      const reading = yield* Effect.fork(Effect.exit(get("api/v1/events")))
      yield* Effect.zipRight(get("api/v1/deployments"), Scope.close(scope, Exit.void))
      yield* Fiber.join(reading)
    }).pipe(Effect.provide(InMemoryFixture.layer))
  )
})

layer(Layer.provide(layerSession, InMemoryFixture.layer), { excludeTestServices: true })(
  "the server of the page",
  (it) => {
    it.effect("answers the control API in a session, and to no other caller", () =>
      Effect.gen(function* () {
        const { get } = yield* Session
        const answer = yield* get("api/v1/deployments")
        assert.deepStrictEqual([answer.status, answer.text], [200, "[]"])
        for (const cookie of ["", "deployers-ui=", "deployers-ui=guessed", "other=1"]) {
          const refused = yield* get("api/v1/deployments", { cookie })
          assert.strictEqual(refused.status, 401)
          assert.include(refused.text, "There is no session.")
        }
      })
    )

    it.effect("refuses a request for another host, such as a name that leads to this machine", () =>
      Effect.gen(function* () {
        const { url } = yield* Session
        const { port } = new URL(url)
        for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1.evil.example:${port}`]) {
          assert.strictEqual(yield* raw(url, { host }), 403, host)
        }
        for (const host of [`127.0.0.1:${port}`, `localhost:${port}`])
          assert.strictEqual(yield* raw(url, { host }), 200)
      })
    )

    it.effect("refuses an action of another origin, or without one, and reads of other pages", () =>
      Effect.gen(function* () {
        const { get, origin, post } = yield* Session
        const stop = (headers: Readonly<Record<string, string>>) =>
          Effect.map(post("api/v1/deployments/none/deprovision", {}, headers), ({ status }) => status)
        assert.strictEqual(yield* stop({}), 404)
        assert.strictEqual(yield* stop({ origin: "http://127.0.0.1:1" }), 403)
        assert.strictEqual(yield* stop({ origin: "null" }), 403)
        assert.strictEqual(yield* stop({ origin: origin.replace("127.0.0.1", "localhost") }), 403)
        assert.strictEqual(yield* stop({ "sec-fetch-site": "same-site" }), 403)
        assert.strictEqual(yield* stop({ "sec-fetch-site": "same-origin" }), 404)
        assert.strictEqual((yield* get("api/v1/deployments", { "sec-fetch-site": "cross-site" })).status, 403)
        assert.strictEqual((yield* get("api/v1/deployments", { origin: "http://evil.example" })).status, 403)
      })
    )

    it.effect("has no endpoint with keys of deployments", () =>
      Effect.gen(function* () {
        const { get, post } = yield* Session
        for (const path of ["key", "keys"]) {
          assert.strictEqual((yield* get(`api/v1/deployments/none/${path}`)).status, 404)
        }
        for (const path of ["keys", "key/rotate", "keys/key-1/remove"]) {
          const { status, text } = yield* post(`api/v1/deployments/none/${path}`, {})
          assert.deepStrictEqual([status, text], [404, ""])
        }
      })
    )

    it.effect("serves a document that runs its own script only, and nothing outside of its folder", () =>
      Effect.gen(function* () {
        const { get, origin } = yield* Session
        const page = yield* get("", { cookie: "" })
        assert.strictEqual(page.status, 200)
        assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'sha256-/)
        assert.strictEqual(page.headers.get("referrer-policy"), "no-referrer")
        const { src } = scriptOf(page.text)
        const script = yield* get(src, { cookie: "", "accept-encoding": "br" })
        assert.strictEqual(script.headers.get("content-type"), "text/javascript; charset=utf-8")
        assert.strictEqual((yield* Effect.promise(() => fetch(`${origin}/`))).status, 404)
        assert.strictEqual((yield* Effect.promise(() => fetch(`${origin}/api/v1/deployments`))).status, 404)
      })
    )

    it.effect("says the failure of an action as a sentence with its code", () =>
      Effect.gen(function* () {
        const { post } = yield* Session
        const { status, text } = yield* post("api/v1/deployments/none/deprovision", {})
        assert.strictEqual(status, 404)
        const failure = JSON.parse(text)
        assert.strictEqual(failure._tag, "DeploymentNotFound")
        assert.match(failure.code, /^ED\d{4}$/)
        assert.include(failure.message, '"none"')
      })
    )
  }
)
