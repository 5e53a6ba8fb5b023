import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted, Ref, Stream, TestClock } from "effect"
import { Deployer } from "effect-deployers"
import { DeployerFixture, InMemoryFixture } from "effect-deployers/Conformance"
import { RemoteDeployer } from "effect-deployers/Control"
import * as Operations from "../../src/Control/Operations.js"
import { layerServer, token, urlOf } from "./fixture.js"

const id = "00000000-0000-7000-8000-000000000001"

describe("the changes of a control server", () => {
  it.scoped("run once for an id, also for a caller that comes after the end", () =>
    Effect.gen(function* () {
      const { kind } = yield* Operations.Operations
      const changes = kind<number, string>()
      const count = yield* Ref.make(0)
      const change = Ref.updateAndGet(count, (before) => before + 1)
      assert.strictEqual(yield* changes.run(id, change), 1)
      assert.strictEqual(yield* changes.run(id, change), 1)
      yield* TestClock.adjust("11 minutes")
      assert.strictEqual(yield* changes.run(id, change), 2)
    }).pipe(Effect.provide(Operations.layer))
  )

  it.scoped("go on without their caller, and are joined by one that asks again, however long they take", () =>
    Effect.gen(function* () {
      const { kind } = yield* Operations.Operations
      const changes = kind<string, never>()
      const finish = yield* Deferred.make<string>()
      const lost = yield* Effect.fork(changes.run(id, Deferred.await(finish)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(lost)
      yield* TestClock.adjust("1 hour")
      const again = yield* Effect.fork(changes.run(id, Effect.dieMessage("a second one began")))
      yield* Deferred.succeed(finish, "done")
      assert.strictEqual(yield* Fiber.join(again), "done")
    }).pipe(Effect.provide(Operations.layer))
  )

  it.scoped("end when they are cancelled, and never begin when that comes first", () =>
    Effect.gen(function* () {
      const { cancel, kind } = yield* Operations.Operations
      const changes = kind<never, never>()
      const undone = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const change = Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never).pipe(
        Effect.onInterrupt(() => Deferred.succeed(undone, undefined))
      )
      yield* Effect.fork(changes.run(id, change))
      yield* Deferred.await(begun)
      yield* cancel(id)
      assert.isTrue(yield* Deferred.isDone(undone))
      const other = id.replace("1", "2")
      yield* cancel(other)
      const exit = yield* Effect.exit(changes.run(other, Effect.dieMessage("it began")))
      assert.isTrue(exit._tag === "Failure" && exit.cause._tag === "Interrupt")
    }).pipe(Effect.provide(Operations.layer))
  )
})

const request = HttpClientRequest.get("/")
const answered = (body: string | ReadableStream, status: number) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status })))

/** The fates of an answer on its way. */
const losses: Readonly<
  Record<string, Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>>
> = {
  "a reset": new HttpClientError.RequestError({ request, reason: "Transport" }),
  "half an answer": answered(new ReadableStream({ pull: (controller) => controller.error(new Error("cut")) }), 200),
  "the page of a proxy": answered("<h1>Bad Gateway</h1>", 502),
  "a proxy without a server": answered("", 503)
}

/** The deployer behind a control server, asked with another token or client. */
const remote = (options: { readonly token?: Redacted.Redacted } = {}) =>
  Effect.flatMap(urlOf, (url) => RemoteDeployer.make({ url, token, ...options }))

const layer = Layer.provideMerge(layerServer, InMemoryFixture.layer)

describe("a deployer on another machine", () => {
  it.scopedLive("is refused without the token, and says so", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(remote({ token: Redacted.make("guessed") }))
      assert.strictEqual(error.reason, "denied")
      assert.include(error.message, "the control API refuses the token; give the one that its server was started with")
      assert.notInclude(JSON.stringify(error), "guessed")
    }).pipe(Effect.provide([layer, NodeHttpClient.layerUndici]))
  )

  it.scopedLive.each(Object.keys(losses))("sends a change again after %s, which is carried out once", (loss) =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const lost = yield* Ref.make(0)
      // The first answer to a provision never arrives.
      const losing = HttpClient.transform(client, (response, request) =>
        request.method === "POST" && request.url.endsWith("/deployments")
          ? Effect.flatMap(response, (answer) =>
              Effect.flatMap(
                Ref.getAndUpdate(lost, (count) => count + 1),
                (count) => (count === 0 ? (losses[loss] ?? Effect.succeed(answer)) : Effect.succeed(answer))
              )
            )
          : response
      )
      const deployer = yield* Effect.provideService(remote(), HttpClient.HttpClient, losing)
      const { healthy } = yield* DeployerFixture.DeployerFixture
      const made = yield* deployer.provision(healthy, { name: "once" })
      assert.strictEqual(yield* Ref.get(lost), 2)
      const there = yield* Deployer.Deployer
      assert.deepStrictEqual(
        (yield* there.revisions(made.id)).map(({ generation }) => generation),
        [1]
      )
      yield* there.delete("once")
    }).pipe(Effect.provide([layer, NodeHttpClient.layerUndici]))
  )

  it.scopedLive("follows a log, and names the failure that ends it", () =>
    Effect.gen(function* () {
      const deployer = yield* remote()
      const error = yield* Effect.flip(Stream.runDrain(deployer.logs("no deployment/of that name")))
      assert.strictEqual(error._tag, "DeploymentNotFound")
      assert.include(error.message, "no deployment/of that name")
    }).pipe(Effect.provide([layer, NodeHttpClient.layerUndici]))
  )

  it.effect("fails with a sentence about the address when it does not answer", () =>
    Effect.gen(function* () {
      const silent = HttpClient.make((request) => new HttpClientError.RequestError({ request, reason: "Transport" }))
      const asked = yield* RemoteDeployer.make({ url: "http://127.0.0.1:1", token }).pipe(
        Effect.provideService(HttpClient.HttpClient, silent),
        Effect.flip,
        Effect.fork
      )
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(asked)
      assert.strictEqual(error.reason, "unreachable")
      assert.include(error.message, "http://127.0.0.1:1")
      assert.include(error.message, "the control API does not answer; check that it runs, and its URL")
    })
  )
})
