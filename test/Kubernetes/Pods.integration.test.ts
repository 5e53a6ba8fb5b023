/** Faults of pods of a real cluster. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { KubernetesClient, types } from "../../src/Kubernetes/KubernetesClient.js"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import type { KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { Defaults, fromFile, hasCluster, layerKubernetes } from "./KubernetesFixture.js"

const deploy = (name: string, settings: KubernetesSettingsInput = {}) =>
  Effect.gen(function* () {
    const deployer = yield* KubernetesDeployer
    return yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), { name, settings })
  })

const noDeployment = (name: string) =>
  Effect.gen(function* () {
    const { list } = yield* KubernetesClient
    const { namespace } = yield* Defaults
    const found = yield* list(types.deployments, namespace)
    assert.isEmpty(found.filter(({ metadata }) => metadata.name.startsWith(name)))
  })

const quotas = { apiVersion: "v1", kind: "ResourceQuota", plural: "resourcequotas" }

const quotaOf = (memory: string) => ({ metadata: {}, spec: { hard: { "requests.memory": memory } } })

describe.runIf(hasCluster)("with a cluster", () => {
  layer(layerKubernetes(), { excludeTestServices: true, timeout: "2 minutes" })("pods of a real cluster", (it) => {
    it.effect(
      "K04: the scheduler says why no node can run a pod",
      () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(deploy("nowhere", { nodeSelector: { disk: "none" }, schedulingMillis: 0 }))
          assert.strictEqual(error._tag, "DeploymentProvisionFailed")
          assert.match(error.message, /nodes are available: .*didn't match Pod's node affinity\/selector/)
          yield* noDeployment("nowhere")
        }),
      240_000
    )

    it.effect(
      "K05: a quota refuses the pods of a deploy, and its message is that of the deploy",
      () =>
        Effect.gen(function* () {
          const { apply, remove } = yield* KubernetesClient
          const { namespace } = yield* Defaults
          const quota = { type: quotas, namespace, name: "small" }
          yield* Effect.acquireRelease(apply(quota, quotaOf("1Mi"), { manager: "tests" }), () =>
            Effect.orDie(remove(quota))
          )
          const error = yield* Effect.flip(deploy("large"))
          assert.strictEqual(error._tag, "DeploymentProvisionFailed")
          assert.include(error.message, "exceeded quota: small")
          yield* noDeployment("large")
        }).pipe(Effect.scoped),
      240_000
    )
  })
})
