// Webhooks over a real store and a real receiver, where time is virtual.
import type { HttpApp } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Deferred, Effect, Exit, Layer, Redacted, Schema, Scope, TestClock } from "effect"
import { Pipeline, type Settings, Webhook } from "effect-deployers"
import { Server } from "effect-deployers/Server"
import { RunStore } from "../../../src/Store/RunStore.js"
import { ask } from "../Ask.js"
import { memory, quiet } from "../Harness.js"
import * as Receiver from "./Receiver.js"

const secretOf = (letter: string) => `whsec_${Buffer.from(letter.repeat(32)).toString("base64")}`

const double = (run: (n: number) => Effect.Effect<number, string> = (n) => Effect.succeed(2 * n)) =>
  Pipeline.make("double", {
    input: Schema.Struct({ n: Schema.Int }),
    output: Schema.Int,
    error: Schema.String,
    run: ({ n }) => run(n)
  })

const virtually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(effect).pipe(
    Effect.provide(Layer.mergeAll(memory(), quiet, Server.layerMicrotasks)),
    Effect.withConfigProvider(
      ConfigProvider.fromMap(
        new Map([
          ["WEBHOOK_SECRET", secretOf("a")],
          ["OLD_SECRET", secretOf("b")],
          ["BAD_SECRET", "password"]
        ])
      )
    )
  )

const served = (
  webhooks: typeof Settings.Webhooks.Encoded,
  pipeline: Pipeline.Any = double(),
  serving: Settings.ServingInput = {}
) => Server.httpApp(pipeline, { serving: { ...serving, webhooks: { allowPrivateAddresses: true, ...webhooks } } })

const invoke = (app: HttpApp.Default, n = 1, headers: Record<string, string> = {}) =>
  ask(app, "/invoke", { json: { parameters: { n } }, headers })

const verify = ({ body, headers }: Receiver.Received, letter = "a") =>
  Webhook.verify({ headers, body, secrets: [Redacted.make(secretOf(letter))] })

const deliveries = Effect.flatMap(RunStore, ({ webhooks }) =>
  Effect.map(webhooks.list({ limit: 100 }), ({ deliveries }) => deliveries)
)

/** The receiver has its request before the service has recorded the answer; each look lets the event loop turn. */
const until = <A>(is: (all: Effect.Effect.Success<typeof deliveries>) => A | undefined) =>
  Effect.repeat(
    Effect.zipRight(
      Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))),
      Effect.map(deliveries, is)
    ),
    { until: (found) => found !== undefined }
  ).pipe(Effect.map((found) => found as A))

const state = (wanted: string) => until((all) => all.find((one) => one.state === wanted))

const waiting = (attempts: number) =>
  until((all) => all.find((one) => one.state === "pending" && one.attempts === attempts && one.reason !== undefined))

describe("a webhook", () => {
  it.effect("is called with the signed end of a run, without its data", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const app = yield* served({
          to: { one: { url: `${receiver.url}/hook`, secrets: ["WEBHOOK_SECRET", "OLD_SECRET"] } }
        })
        const { json } = yield* invoke(app)
        const received = yield* receiver.next
        assert.strictEqual(received.path, "/hook")
        assert.strictEqual(received.headers["content-type"], "application/json")
        const { event, id } = yield* verify(received)
        assert.deepStrictEqual(event, (yield* verify(received, "b")).event)
        assert.strictEqual((yield* Effect.flip(verify(received, "c")))._tag, "WebhookInvalid")
        assert.strictEqual(event.type, "run.succeeded")
        assert.strictEqual(event.data.run.id, json.metadata.runId)
        assert.notProperty(event.data.run, "outputs")
        received.respond(204)
        const delivered = yield* state("delivered")
        assert.deepInclude(delivered, { id, runId: json.metadata.runId, webhook: "one", attempts: 1, status: 204 })
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* receiver.size, 0)
      })
    )
  )

  it.effect("gets the ends it asks for, and outputs up to a size", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const app = yield* served(
          {
            to: {
              failed: { url: `${receiver.url}/failed`, on: ["failed"], include: "outputs" },
              succeeded: { url: `${receiver.url}/succeeded`, on: ["succeeded"], include: "outputs" }
            },
            maxBytes: 4_096
          },
          double((n) => (n < 0 ? Effect.fail("x".repeat(-n)) : Effect.succeed(2 * n)))
        )
        const received = (n: number) =>
          Effect.gen(function* () {
            yield* invoke(app, n)
            const request = yield* receiver.next
            request.respond(200)
            const { data } = (yield* verify(request)).event
            return [request.path, data.run.outputs, data.omitted] as const
          })
        assert.deepStrictEqual(yield* received(4), ["/succeeded", 8, undefined])
        assert.deepStrictEqual(yield* received(-10), ["/failed", undefined, undefined])
        assert.deepStrictEqual(yield* received(-5_000), ["/failed", undefined, ["error"]])
        yield* until((all) => (all.length === 3 && all.every((one) => one.state === "delivered") ? true : undefined))
      })
    )
  )

  it.effect("is called again after a failure, a redirect and a stall, later each time", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const app = yield* served({ to: { one: { url: receiver.url } }, timeoutMillis: 10_000 })
        yield* invoke(app)
        const first = yield* receiver.next
        yield* TestClock.adjust("11 seconds")
        assert.include((yield* waiting(1)).reason, "no answer within 10000 ms")
        yield* TestClock.adjust("7 seconds")
        const second = yield* receiver.next
        assert.strictEqual(second.headers["webhook-id"], first.headers["webhook-id"])
        assert.notStrictEqual(second.headers["webhook-timestamp"], first.headers["webhook-timestamp"])
        second.respond(302, { location: `${receiver.url}/elsewhere` })
        assert.include((yield* waiting(2)).reason, "redirects are not followed")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* receiver.size, 0)
        yield* TestClock.adjust("9 seconds")
        const third = yield* receiver.next
        third.respond(200)
        assert.strictEqual((yield* state("delivered")).attempts, 3)
      })
    )
  )

  it.effect("heeds Retry-After, and gives up after its attempts or after 410", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const app = yield* served({ to: { one: { url: receiver.url } }, maxAttempts: 2 })
        yield* invoke(app)
        const busy = yield* receiver.next
        busy.respond(503, { "retry-after": "20" })
        yield* waiting(1)
        yield* TestClock.adjust("15 seconds")
        assert.strictEqual(yield* receiver.size, 0)
        yield* TestClock.adjust("6 seconds")
        const last = yield* receiver.next
        last.respond(500)
        const failed = yield* state("failed")
        assert.deepInclude(failed, { attempts: 2, status: 500 })
        const again = yield* ask(app, `/webhooks/${failed.id}/retry`, { method: "POST" })
        assert.deepInclude(again.json, { state: "pending", attempts: 0 })
        yield* TestClock.adjust("1 second")
        const retried = yield* receiver.next
        retried.respond(410)
        assert.deepInclude(yield* state("failed"), { attempts: 1, status: 410 })
        const { json, status } = yield* ask(app, "/webhooks?state=failed&limit=1")
        assert.strictEqual(status, 200)
        assert.deepInclude(json, {
          webhooks: [{ name: "one", url: `${receiver.url}/`, on: ["succeeded", "failed", "interrupted"] }]
        })
        assert.strictEqual((yield* ask(app, "/webhooks/none/retry", { method: "POST" })).status, 404)
        const next = yield* ask(app, `/webhooks?limit=1&cursor=${failed.id}&run=${failed.runId}`)
        assert.deepInclude(next.json, { deliveries: [] })
        for (const query of ["limit=0", "limit=1e1", "limit=%201", "state=lost", "cursor=zzz", "run=zzz"]) {
          assert.strictEqual((yield* ask(app, `/webhooks?${query}`)).status, 400, query)
        }
      })
    )
  )

  it.effect("is called once by several processes, also after a receiver was away", () =>
    virtually(
      Effect.gen(function* () {
        const away = yield* Scope.make()
        const { port, url } = yield* Scope.extend(Receiver.make(), away)
        yield* Scope.close(away, Exit.void)
        const apps = [yield* served({ to: { one: { url } } }), yield* served({ to: { one: { url } } })]
        for (const app of apps) yield* invoke(app)
        yield* until((all) => (all.filter(({ reason }) => reason !== undefined).length === 2 ? true : undefined))
        const receiver = yield* Receiver.make(port)
        yield* TestClock.adjust("10 seconds")
        const two = [yield* receiver.next, yield* receiver.next]
        for (const { respond } of two) respond(200)
        yield* until((all) => (all.every((one) => one.state === "delivered") ? true : undefined))
        assert.strictEqual(new Set(two.map(({ headers }) => headers["webhook-id"])).size, 2)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* receiver.size, 0)
      })
    )
  )

  it.effect("is called by the next process if the one before ended between run and delivery", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const webhooks = { to: { one: { url: receiver.url } } }
        const runId = yield* Effect.scoped(
          Effect.gen(function* () {
            const app = yield* served(webhooks)
            const { json } = yield* invoke(app)
            yield* receiver.next
            return json.metadata.runId
          })
        )
        assert.deepInclude((yield* deliveries)[0], { state: "pending", attempts: 1, runId })
        yield* Effect.asVoid(served(webhooks))
        yield* TestClock.adjust("31 seconds")
        const again = yield* receiver.next
        again.respond(200)
        assert.deepInclude(yield* state("delivered"), { attempts: 2, runId })
      })
    )
  )

  it.effect("of a caller is called if its host is listed", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const app = yield* served({ callers: { hosts: ["127.0.0.1"] } })
        const refused = yield* invoke(app, 1, { "webhook-url": "https://elsewhere.example.com/" })
        assert.strictEqual(refused.status, 400)
        assert.include(refused.text, "webhooks.callers.hosts")
        assert.strictEqual((yield* invoke(app, 1, { "webhook-url": "file:///etc/passwd" })).status, 400)
        assert.strictEqual((yield* invoke(app, 1)).status, 200)
        const headers = { "webhook-url": `${receiver.url}/mine` }
        for (const more of [{}, { prefer: "respond-async" }, { "idempotency-key": "k" }]) {
          const { json } = yield* invoke(app, 2, { ...headers, ...more })
          const received = yield* receiver.next
          received.respond(200)
          const { event } = yield* verify(received)
          assert.deepStrictEqual([received.path, event.data.run.id], ["/mine", json.metadata?.runId ?? json.runId])
        }
        yield* until((all) => (all.length === 3 && all.every((one) => one.state === "delivered") ? true : undefined))
      })
    )
  )

  it.effect("that does not answer leaves room for others: four of its deliveries are on their way", () =>
    virtually(
      Effect.gen(function* () {
        const [dead, alive] = [yield* Receiver.make(), yield* Receiver.make()]
        const app = yield* served({ to: { a: { url: dead.url }, b: { url: alive.url } }, timeoutMillis: 10_000 })
        const count = 20
        for (let n = 0; n < count; n++) yield* invoke(app, n)
        for (let n = 0; n < count; n++) (yield* alive.next).respond(200)
        yield* until((all) =>
          all.filter((one) => one.webhook === "b" && one.state === "delivered").length === count ? true : undefined
        )
        const held = yield* Effect.forEach([1, 2, 3, 4], () => dead.next)
        assert.strictEqual(yield* dead.size, 0)
        // The place of an attempt that ends is that of the next one.
        held[0]?.respond(200)
        yield* dead.next
        assert.strictEqual(yield* dead.size, 0)
        yield* TestClock.adjust("10 seconds")
        yield* Effect.forEach([1, 2, 3, 4], () => dead.next)
        assert.strictEqual(yield* dead.size, 0)
      })
    )
  )

  it.effect("of a caller shares the places of its host, with any path", () =>
    virtually(
      Effect.gen(function* () {
        const [dead, alive] = [yield* Receiver.make(), yield* Receiver.make()]
        const app = yield* served({ callers: { hosts: ["127.0.0.1"] }, timeoutMillis: 10_000 })
        for (let n = 0; n < 8; n++) yield* invoke(app, n, { "webhook-url": `HTTP://127.0.0.1:${dead.port}/${n}` })
        yield* invoke(app, 9, { "webhook-url": `${alive.url}/mine` })
        ;(yield* alive.next).respond(200)
        yield* state("delivered")
        yield* Effect.forEach([1, 2, 3, 4], () => dead.next)
        assert.strictEqual(yield* dead.size, 0)
      })
    )
  )

  it.effect("gets the end of a run that is cancelled", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const started = yield* Deferred.make<void>()
        const app = yield* served(
          { to: { one: { url: receiver.url } } },
          double(() => Effect.zipRight(Deferred.succeed(started, undefined), Effect.never))
        )
        const { json } = yield* invoke(app, 1, { prefer: "respond-async" })
        yield* Deferred.await(started)
        yield* ask(app, `/runs/${json.runId}/cancel`, { method: "POST" })
        const received = yield* receiver.next
        received.respond(200)
        const { event } = yield* verify(received)
        assert.deepStrictEqual([event.type, event.data.run.cause], ["run.interrupted", "cancelled"])
      })
    )
  )

  it.effect("with a private address gets nothing unless the settings permit it", () =>
    virtually(
      Effect.gen(function* () {
        const receiver = yield* Receiver.make()
        const app = yield* served({
          to: {
            address: { url: receiver.url },
            name: { url: `http://localhost:${receiver.port}` }
          },
          maxAttempts: 1,
          allowPrivateAddresses: false
        })
        yield* invoke(app)
        yield* until((all) => (all.length === 2 && all.every((one) => one.state === "failed") ? true : undefined))
        for (const { reason } of yield* deliveries) assert.include(reason, "webhooks.allowPrivateAddresses")
        assert.strictEqual(yield* receiver.size, 0)
      })
    )
  )

  it.effect.each([
    ["MISSING_SECRET", "MISSING_SECRET"],
    ["BAD_SECRET", "whsec_"]
  ] as const)("whose secret is %s keeps the service from starting", ([secret, text]) =>
    virtually(
      Effect.gen(function* () {
        const error = yield* Effect.flip(served({ to: { one: { url: "https://example.com", secrets: [secret] } } }))
        assert.strictEqual(error._tag, "WarmUpFailed")
        assert.include(error.message, text)
        assert.notInclude(error.message, "password")
      })
    )
  )
})

describe("a receiver", () => {
  const body = JSON.stringify({})
  const secrets = [Redacted.make(secretOf("a"))] as const
  const signed = Webhook.sign({ id: "m", timestamp: 0, body, secrets })

  it.effect("refuses another body, another time, and a request without the headers", () =>
    Effect.gen(function* () {
      const headers = { "webhook-id": "m", "webhook-timestamp": "0", "webhook-signature": yield* signed }
      const reasonOf = (request: Omit<Parameters<typeof Webhook.verify>[0], "secrets">) =>
        Effect.map(Effect.flip(Webhook.verify({ ...request, secrets })), (error) =>
          error._tag === "WebhookInvalid" ? error.reason : error._tag
        )
      assert.strictEqual(yield* reasonOf({ headers, body: `${body} ` }), "signature")
      assert.strictEqual(yield* reasonOf({ headers: { ...headers, "webhook-id": "n" }, body }), "signature")
      assert.strictEqual(yield* reasonOf({ headers: {}, body }), "header")
      assert.strictEqual(yield* reasonOf({ headers, body }), "body")
      yield* TestClock.adjust("6 minutes")
      assert.strictEqual(yield* reasonOf({ headers, body }), "time")
    })
  )

  it.effect("agrees with the example of Standard Webhooks", () =>
    Effect.gen(function* () {
      const signature = yield* Webhook.sign({
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: 1_614_265_330,
        body: '{"test": 2432232314}',
        secrets: [Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
      })
      assert.strictEqual(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    })
  )
})
