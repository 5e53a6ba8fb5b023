/** Canaries in a cluster that runs nothing. */
import { assert, layer } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as FakeCluster from "../../src/Conformance/FakeCluster.js"
import { shareBeside } from "../../src/Kubernetes/Backend/Share.js"
import { types } from "../../src/Kubernetes/KubernetesClient.js"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import * as Labels from "../../src/Kubernetes/Labels.js"
import type { KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../src/Testing/InMemoryDeployer.js"
import { layerDeployer } from "./KubernetesFakes.js"

const snapshot = (digest: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft("healthy", digest)))

const unrecorded = { serving: { recording: "none" } } as const

/** The number of pods of each generation, and the generations to which the Service of the deployment leads. */
const seen = (name: string) =>
  Effect.map(FakeCluster.FakeCluster, (cluster) => {
    const pods = cluster.pods().filter((pod) => pod.metadata.name.startsWith(`${name}-g`))
    const service = cluster.objects(types.services).find(({ metadata }) => metadata.name === name)
    const spec = service?.["spec"]
    const selector = typeof spec === "object" && spec !== null && "selector" in spec ? spec.selector : {}
    const labels = { ...(typeof selector === "object" ? selector : {}) } as Readonly<Record<string, string>>
    const counts: Record<string, number> = {}
    for (const { metadata } of pods) {
      const generation = metadata.labels[Labels.keys.generation] ?? "none"
      counts[generation] = (counts[generation] ?? 0) + 1
    }
    return {
      pods: counts,
      leadsTo: labels[Labels.keys.generation] ?? "all"
    }
  })

layer(layerDeployer(), { excludeTestServices: true })("a canary in a cluster", (it) => {
  const canaryOf = (name: string, percent: number, settings: KubernetesSettingsInput = {}) =>
    Effect.gen(function* () {
      const deployer = yield* KubernetesDeployer
      yield* deployer.provision(yield* snapshot("one"), { name, settings: { ...unrecorded, ...settings } })
      return yield* deployer.canaries.deploy(yield* snapshot("two"), {
        name,
        percent,
        settings: { ...unrecorded, ...settings }
      })
    })

  it.effect("is a pod beside those of the generation before, then all of them", () =>
    Effect.gen(function* () {
      const { canaries } = yield* KubernetesDeployer
      const { candidate, generation } = yield* canaryOf("promoted", 10, { replicas: 9 })
      assert.strictEqual(generation, 1)
      assert.deepStrictEqual(candidate?.share, { parts: 1, of: 10, unit: "pods" })
      assert.deepStrictEqual(yield* seen("promoted"), { pods: { "1": 9, "2": 1 }, leadsTo: "all" })
      assert.strictEqual((yield* canaries.promote("promoted")).generation, 2)
      assert.deepStrictEqual(yield* seen("promoted"), { pods: { "2": 9 }, leadsTo: "2" })
    })
  )

  it.effect("leaves the generation before as it was when it is aborted", () =>
    Effect.gen(function* () {
      const { canaries } = yield* KubernetesDeployer
      yield* canaryOf("aborted", 50, { replicas: 2 })
      assert.deepStrictEqual(yield* seen("aborted"), { pods: { "1": 2, "2": 2 }, leadsTo: "all" })
      yield* canaries.abort("aborted")
      assert.deepStrictEqual(yield* seen("aborted"), { pods: { "1": 2 }, leadsTo: "1" })
    })
  )

  it.effect("goes on with its share when its promotion fails", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      const { canaries, get } = yield* KubernetesDeployer
      yield* canaryOf("failing", 34, { replicas: 2, schedulingMillis: 0 })
      yield* cluster.behave(() => "unschedulable")
      const error = yield* Effect.flip(canaries.promote("failing"))
      yield* cluster.behave(() => "healthy")
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      const { candidate, generation } = yield* get("failing")
      assert.deepStrictEqual([generation, candidate?.generation], [1, 2])
      assert.deepStrictEqual(yield* seen("failing"), { pods: { "1": 2, "2": 1 }, leadsTo: "all" })
    })
  )

  it.effect("is refused with the remedy where the share cannot be had, or both versions cannot serve together", () =>
    Effect.gen(function* () {
      const refused = (name: string, percent: number, settings: KubernetesSettingsInput) =>
        Effect.map(Effect.flip(canaryOf(name, percent, settings)), ({ message }) => message)
      assert.include(yield* refused("small", 10, { replicas: 2 }), "10% needs 9 replicas, and the deployment has 2")
      assert.include(yield* refused("small", 10, { replicas: 2 }), "at least 33.4%")
      assert.include(yield* refused("scaled", 10, { autoscale: { min: 1, max: 9 } }), "use `replicas`")
      assert.include(yield* refused("filed", 50, { serving: {} }), "serving.runStoreSecret")
      assert.deepStrictEqual(yield* seen("small"), { pods: { "2": 2 }, leadsTo: "2" })
    })
  )

  it.effect("has at most the share that was asked for", () =>
    Effect.sync(() => {
      const parts = (pods: number, percent: number) => Option.map(shareBeside(pods, percent), (one) => one.parts)
      assert.deepStrictEqual(parts(9, 10), Option.some(1))
      assert.deepStrictEqual(parts(18, 10), Option.some(2))
      assert.deepStrictEqual(parts(1, 50), Option.some(1))
      assert.deepStrictEqual(parts(8, 10), Option.none())
      assert.deepStrictEqual(parts(19, 10), Option.some(2))
    })
  )
})
