// Events and runs behind a control API.
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Deployer } from "effect-deployers"
import { DeployerFixture, InMemoryFixture } from "effect-deployers/Conformance"
import { ControlRecords } from "effect-deployers/Control"
import { type DeploymentHttpError, Unauthorized } from "../../src/Contract/Errors.js"
import { withoutKeyErrors } from "../../src/Control/KeyErrors.js"
import { layerServer, token, urlOf } from "./fixture.js"

const read = (path: string) =>
  Effect.gen(function* () {
    const request = HttpClientRequest.get(`${yield* urlOf}/api/v1/deployments/${path}`)
    const response = yield* HttpClient.execute(HttpClientRequest.bearerToken(request, token))
    return { status: response.status, body: yield* response.json }
  }).pipe(Effect.scoped, Effect.provide(NodeHttpClient.layerUndici))

const deployed = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  const { healthy } = yield* DeployerFixture.DeployerFixture
  yield* deployer.provision(healthy, { name: "recorded" })
})

describe("the records behind a control API", () => {
  it.scopedLive("are the events of the registry and the runs of services, where the server reads them", () =>
    Effect.gen(function* () {
      yield* deployed
      const { body } = yield* read("recorded/events?limit=1")
      assert.strictEqual((body as ReadonlyArray<{ readonly type: string }>)[0]?.type, "operation_started")
      const { status } = yield* read("unknown/runs")
      assert.strictEqual(status, 404)
    }).pipe(
      Effect.provide(layerServer.pipe(Layer.provide(ControlRecords.layer), Layer.provideMerge(InMemoryFixture.layer)))
    )
  )

  it.scopedLive("are none by default, and a question about runs says so", () =>
    Effect.gen(function* () {
      yield* deployed
      assert.deepStrictEqual(yield* read("recorded/events"), { status: 200, body: [] })
      const { body, status } = yield* read("recorded/runs")
      assert.strictEqual(status, 502)
      assert.include(JSON.stringify(body), "provide ControlRecords.layer to it")
    }).pipe(Effect.provide(Layer.provideMerge(layerServer, InMemoryFixture.layer)))
  )

  it.effect("say that a service refuses the key of the registry as a failure of that service", () =>
    Effect.gen(function* () {
      const refused = Effect.fail(new Unauthorized({ message: "The key is not accepted." }))
      const error: DeploymentHttpError = yield* Effect.flip(withoutKeyErrors("one", refused))
      assert.include(error.message, "it refuses the key of the registry: Unauthorized")
    })
  )
})
