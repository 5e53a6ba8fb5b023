/** The objects that a deploy applies. */
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import * as FakeCluster from "../../src/Conformance/FakeCluster.js"
import { types } from "../../src/Kubernetes/KubernetesClient.js"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import * as Labels from "../../src/Kubernetes/Labels.js"
import { KubernetesSettings, type KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../src/Testing/InMemoryDeployer.js"
import { layerDeployer } from "./KubernetesFakes.js"

const deploy = (name: string, settings: KubernetesSettingsInput = {}) =>
  Effect.gen(function* () {
    const snapshots = yield* SnapshotStore
    const deployer = yield* KubernetesDeployer
    return yield* deployer.provision(yield* snapshots.put(InMemoryDeployer.draft("healthy", "one")), { name, settings })
  })

const reference = (name: string) => ({ type: types.deployments, namespace: "default", name })

const Data = Schema.Struct({ "manifest.json": Schema.String })

const Applied = Schema.Struct({
  spec: Schema.Struct({
    replicas: Schema.optional(Schema.Number),
    template: Schema.Struct({
      spec: Schema.Struct({
        terminationGracePeriodSeconds: Schema.Number,
        automountServiceAccountToken: Schema.Boolean,
        securityContext: Schema.Unknown,
        imagePullSecrets: Schema.optional(Schema.Unknown),
        containers: Schema.Tuple(
          Schema.Struct({
            image: Schema.String,
            command: Schema.Array(Schema.String),
            securityContext: Schema.Unknown,
            lifecycle: Schema.optional(Schema.Unknown),
            resources: Schema.Struct({ limits: Schema.Struct({ memory: Schema.String }) })
          })
        )
      })
    })
  })
})

const decode = Schema.decodeUnknownSync(Applied)

/** The only Deployment with a name. */
const applied = (name: string) =>
  Effect.map(FakeCluster.FakeCluster, (cluster) => {
    const [found] = cluster.objects(types.deployments).filter(({ metadata }) => metadata.name === name)
    return decode(found).spec
  })

const Budget = Schema.Struct({
  maxUnavailable: Schema.Number,
  selector: Schema.Struct({ matchLabels: Schema.Record({ key: Schema.String, value: Schema.String }) })
})

layer(layerDeployer(), { excludeTestServices: true })("the objects of a deployment", (it) => {
  it.effect("pass the restricted profile of Pod Security", () =>
    Effect.gen(function* () {
      yield* deploy("strict")
      const { spec } = (yield* applied("strict-g1")).template
      assert.deepInclude(spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } })
      assert.deepStrictEqual(spec.containers[0].securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ["ALL"] }
      })
      assert.isFalse(spec.automountServiceAccountToken)
    })
  )

  it.effect("K06: an autoscaler keeps its number of replicas, and a new generation starts with as many", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* (yield* SecretStore).set("RUNS", Redacted.make("postgres://user:pass@db/runs"))
      const scaled: KubernetesSettingsInput = {
        autoscale: { min: 2, max: 6 },
        secrets: ["RUNS"],
        serving: { runStoreSecret: "RUNS" }
      }
      yield* deploy("k06", scaled)
      assert.strictEqual((yield* applied("k06-g1")).replicas, 2)
      yield* cluster.edit("kube-controller-manager", reference("k06-g1"), { spec: { replicas: 5 } })
      yield* deploy("k06", { ...scaled, environment: { A: "1" } })
      assert.strictEqual((yield* applied("k06-g2")).replicas, 5)
      assert.lengthOf(cluster.objects(types.autoscalers), 1)
    })
  )

  it.effect("K18: a drain of nodes takes one pod of a deployment at a time, of any generation", () =>
    Effect.gen(function* () {
      yield* deploy("k18", { replicas: 3, serving: { recording: "none" } })
      const cluster = yield* FakeCluster.FakeCluster
      const [budget] = cluster.objects(types.disruptionBudgets).filter(({ metadata: { name } }) => name === "k18")
      const [pod] = cluster.pods().filter(({ metadata: { name } }) => name.startsWith("k18-g1"))
      const { maxUnavailable, selector } = yield* Schema.decodeUnknown(Budget)(budget?.["spec"])
      assert.strictEqual(maxUnavailable, 1)
      assert.deepInclude(pod?.metadata.labels, selector.matchLabels)
      assert.notProperty(selector.matchLabels, Labels.keys.generation)
    })
  )

  it.effect("K08: a pod that has to stop serves on for the delay, then drains, and its time covers both", () =>
    Effect.gen(function* () {
      yield* deploy("k08", { stopDelayMillis: 7_000, serving: { drainTimeoutMillis: 20_000 } })
      const { spec } = (yield* applied("k08-g1")).template
      assert.strictEqual(spec.terminationGracePeriodSeconds, 7 + 20 + 5)
      const cluster = yield* FakeCluster.FakeCluster
      const [secret] = cluster.objects(types.secrets).filter(({ metadata }) => metadata.name.startsWith("k08-"))
      const { "manifest.json": manifest } = Schema.decodeUnknownSync(Data)(secret?.["data"])
      assert.strictEqual(JSON.parse(atob(manifest)).drainDelayMillis, 7_000)
    })
  )

  it.effect("K10 K11: code is in the image, and a Secret has the manifest and the secrets of the pipeline alone", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* (yield* SecretStore).set("TOKEN", Redacted.make("s3cret"))
      yield* deploy("k11", { secrets: ["TOKEN"] })
      const [secret] = cluster.objects(types.secrets).filter(({ metadata }) => metadata.name.startsWith("k11-"))
      const data = Object.entries(
        Schema.decodeUnknownSync(Schema.Record({ key: Schema.String, value: Schema.String }))(secret?.["data"])
      )
      assert.deepStrictEqual(data.map(([name]) => name).sort(), ["keys.json", "manifest.json", "secret.TOKEN"])
      const shown = JSON.stringify([
        cluster.objects(types.deployments),
        cluster.objects(types.services),
        cluster.pods()
      ])
      assert.notInclude(shown, "s3cret")
      assert.notInclude(shown, Buffer.from("s3cret").toString("base64"))
    })
  )

  it.effect("K24: the heap is three quarters of the limit of memory", () =>
    Effect.gen(function* () {
      yield* deploy("k24", { memory: "400m" })
      const [container] = (yield* applied("k24-g1")).template.spec.containers
      assert.strictEqual(container.resources.limits.memory, `${400 * 1_048_576}`)
      assert.include(container.command, "--max-old-space-size=300")
    })
  )

  it.effect("K26: nodes pull the image by its digest, with the Secrets of the settings", () =>
    Effect.gen(function* () {
      yield* deploy("k26", { pullSecrets: ["registry"] })
      const { containers, imagePullSecrets } = (yield* applied("k26-g1")).template.spec
      assert.match(containers[0].image, /^registry\.test\/healthy@sha256:[0-9a-f]{64}$/)
      assert.deepStrictEqual(imagePullSecrets, [{ name: "registry" }])
    })
  )

  it.effect("refuses several replicas without a run store that they share", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(deploy("several", { replicas: 2 }))
      assert.strictEqual(refused._tag, "DeploymentInvalidSettings")
      assert.include(refused.message, "runStoreSecret")
      const decoded = Schema.decodeUnknownEither(KubernetesSettings)({ replicas: 2, serving: { recording: "none" } })
      assert.strictEqual(decoded._tag, "Right")
    })
  )
})
