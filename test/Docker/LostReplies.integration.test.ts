/** A real engine behind a proxy that carries out requests and loses their answers. */
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { FaultProxy } from "effect-deployers/Conformance"
import * as DockerBackend from "../../src/Docker/DockerBackend.js"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import * as Labels from "../../src/Docker/Labels.js"
import { DockerSettings } from "../../src/Docker/Settings.js"
import * as Ports from "../../src/Flavor/Ports.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { layerBehindProxy } from "./BehindProxy.js"
import { census, fromFile } from "./DockerFixture.js"
import { instance } from "./DockerRequests.js"

const creates = FaultProxy.to("POST", /^\/containers\/create/, FaultProxy.Disturbance.DropAfter({ when: "answered" }))

/** Of three creates two lose their answer, one as soon as it was passed on and one when it comes. */
const losing = (): FaultProxy.Rule => {
  let count = 0
  return (request) => {
    const answered = creates(request)
    if (answered === undefined) return undefined
    count += 1
    return count % 3 === 0
      ? undefined
      : count % 3 === 1
        ? FaultProxy.Disturbance.DropAfter({ when: "at once" })
        : answered
  }
}

layer(layerBehindProxy, { excludeTestServices: true, timeout: "3 minutes" })(
  "An engine whose answers get lost",
  (it) => {
    it.effect(
      "has exactly one container after each of 50 creates, and none in the end",
      () =>
        Effect.gen(function* () {
          const proxy = yield* FaultProxy.FaultProxy
          const { registryId } = yield* DeploymentStore
          const { containers } = yield* DockerClient
          const snapshot = yield* fromFile("healthy.ts", "healthy")
          const docker = yield* DockerBackend.make()
          const name = Labels.containerName(instance)
          yield* proxy.use(losing())
          for (let attempt = 0; attempt < 50; attempt++) {
            const settings = yield* Schema.decode(DockerSettings)({
              door: false,
              environment: { ATTEMPT: `${attempt}` }
            })
            const state = yield* docker.provision({
              ...instance,
              registryId,
              snapshot,
              settings,
              keys: undefined,
              record: {
                formatVersion: 1,
                registryId,
                deployer: { flavor: "docker", name: "docker" },
                deployment: { id: instance.deploymentId, name: instance.name },
                generation: instance.generation,
                snapshot,
                settings: {}
              },
              secrets: { TOKEN: Redacted.make("secret") },
              previous: undefined
            })
            const listed = yield* containers.list(Labels.filter({ registryId }))
            assert.deepStrictEqual(
              listed.map((container) => [container.id, container.name, container.status]),
              [[state.metadata.containerId, name, "running"]]
            )
            const { environment } = yield* containers.inspect(name)
            assert.strictEqual(environment.ATTEMPT, `${attempt}`)
          }
          assert.isAtLeast(proxy.disturbed.length, 50)
          yield* docker.deprovision(instance, {}, { grace: 0 })
          yield* docker.destroy(instance)
          assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
        }).pipe(Effect.provide(Ports.layer)),
      300_000
    )
  }
)
