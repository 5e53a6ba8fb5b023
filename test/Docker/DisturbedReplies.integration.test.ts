/** The deployer on a real engine whose answers are late, lost, cut, false or stale. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Deployer } from "effect-deployers"
import { FaultProxy } from "effect-deployers/Conformance"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import * as Labels from "../../src/Docker/Labels.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { layerBehindProxy } from "./BehindProxy.js"
import { fromFile } from "./DockerFixture.js"

const { Disturbance, times, to } = FaultProxy

/** The test's requests pass undisturbed before and after. */
const disturbed = <A, E, R>(rule: FaultProxy.Rule, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(FaultProxy.FaultProxy, ({ use }) =>
    Effect.ensuring(
      Effect.zipRight(use(rule), effect),
      use(() => undefined)
    )
  )

const containersOf = (id: string) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const { registryId } = yield* DeploymentStore
    const listed = yield* containers.list(Labels.filter({ registryId }))
    return listed.filter(({ labels }) => labels[Labels.keys.deployment] === id)
  })

const deployed = (name: string) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const snapshot = yield* fromFile("healthy.ts", "healthy")
    return yield* deployer.provision(snapshot, { name, settings: { timeoutMillis: 60_000 } })
  })

const removed = (name: string) => Effect.flatMap(Deployer.Deployer, (deployer) => deployer.delete(name))

layer(layerBehindProxy, { excludeTestServices: true, timeout: "4 minutes" })(
  "An engine whose answers are disturbed",
  (it) => {
    it.effect(
      "B04: every answer late, and the deployment is made all the same, with few requests at once",
      () =>
        Effect.gen(function* () {
          const proxy = yield* FaultProxy.FaultProxy
          const made = yield* disturbed(() => Disturbance.Delay({ millis: 300 }), deployed("late"))
          assert.strictEqual(made.status, "running")
          assert.isAtMost(yield* proxy.mostAtOnce, 12)
          yield* removed("late")
        }),
      120_000
    )

    it.effect(
      "B10: what is gone between listing and looking is gone, no error",
      () =>
        Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const made = yield* deployed("gone-between")
          const rule = to("GET", /^\/containers\/[^/]+\/json/, Disturbance.Rewrite({ status: 404 }))
          const seen = yield* disturbed(rule, deployer.refresh("gone-between"))
          assert.strictEqual(seen.status, "absent")
          assert.strictEqual((yield* deployer.refresh("gone-between")).status, "running")
          assert.lengthOf(yield* containersOf(made.id), 1)
          yield* removed("gone-between")
        }),
      120_000
    )

    it.effect(
      "B13: a lost answer to a start makes no second one",
      () =>
        Effect.gen(function* () {
          const proxy = yield* FaultProxy.FaultProxy
          const before = proxy.disturbed.length
          const lost = to("POST", /^\/containers\/[^/]+\/start/, Disturbance.DropAfter({ when: "answered" }))
          const made = yield* disturbed(times(1, lost), deployed("started"))
          assert.strictEqual(proxy.disturbed.length, before + 1)
          const running = yield* containersOf(made.id)
          assert.deepStrictEqual(
            running.map(({ status }) => status),
            ["running"]
          )
          const { containers } = yield* DockerClient
          assert.strictEqual((yield* containers.inspect(running[0]?.id ?? "")).restartCount, 0)
          yield* removed("started")
        }),
      120_000
    )

    it.effect(
      "B14: answers that are cut or false are typed failures, and nothing is made of them",
      () =>
        Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const made = yield* deployed("garbled")
          const container = String(made.metadata.containerId)
          for (const disturbance of [
            Disturbance.Corrupt(),
            Disturbance.Truncate({ bytes: 40 }),
            Disturbance.Truncate({ bytes: 400 }),
            Disturbance.HalfClose(),
            Disturbance.DropBefore(),
            Disturbance.Rewrite({ status: 200, body: '{"Id": 7' }),
            Disturbance.Rewrite({ status: 200, body: "[]" }),
            Disturbance.Rewrite({ status: 500 })
          ]) {
            const seen = yield* disturbed(() => disturbance, deployer.refresh("garbled"))
            assert.deepInclude({ ...seen }, { status: "running", url: made.url }, disturbance._tag)
            assert.isDefined(seen.unknownSince, disturbance._tag)
            const { containers } = yield* DockerClient
            const error = yield* disturbed(() => disturbance, Effect.flip(containers.inspect(container)))
            assert.include(["EngineError", "EngineUnreachable"], error._tag, disturbance._tag)
          }
          const again = yield* deployer.refresh("garbled")
          assert.isUndefined(again.unknownSince)
          yield* removed("garbled")
        }),
      120_000
    )

    it.effect(
      "B20: an engine that finds our version too new or too old says so, and nothing is changed",
      () =>
        Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const made = yield* deployed("versions")
          const body = JSON.stringify({
            message: "client version 9.99 is too new. Maximum supported API version is 1.41"
          })
          const refused = () => Disturbance.Rewrite({ status: 400, body })
          const error = yield* disturbed(refused, Effect.flip(deployer.deprovision("versions")))
          assert.include(["EngineUnavailable", "DeploymentDeprovisionFailed"], error._tag)
          assert.include(error.message, "client version 9.99 is too new")
          const { engine } = yield* DockerClient
          const future = JSON.stringify({
            Version: "99.0.0",
            ApiVersion: "9.99",
            MinAPIVersion: "9.0",
            Os: "linux",
            Arch: "amd64"
          })
          const told = yield* disturbed(
            to("GET", /^\/version/, Disturbance.Rewrite({ status: 200, body: future })),
            engine.version
          )
          assert.strictEqual(told.apiVersion, "9.99")
          assert.strictEqual((yield* deployer.refresh("versions")).status, "running")
          assert.lengthOf(yield* containersOf(made.id), 1)
          yield* removed("versions")
        }),
      120_000
    )
  }
)
