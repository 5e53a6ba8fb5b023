/** The changes of objects that a plan shows, on a cluster that runs nothing. */
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as FakeCluster from "../../src/Conformance/FakeCluster.js"
import { types } from "../../src/Kubernetes/KubernetesClient.js"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import type { KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../src/Testing/InMemoryDeployer.js"
import { layerDeployer } from "./KubernetesFakes.js"

const snapshot = (version: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft("healthy", version)))

const deploy = (name: string, settings: KubernetesSettingsInput = {}) =>
  Effect.gen(function* () {
    const deployer = yield* KubernetesDeployer
    return yield* deployer.provision(yield* snapshot("one"), { name, settings })
  })

/** The preview of a plan, which changes nothing in the cluster. */
const preview = (name: string, settings: KubernetesSettingsInput = {}, version = "one") =>
  Effect.gen(function* () {
    const deployer = yield* KubernetesDeployer
    const cluster = yield* FakeCluster.FakeCluster
    const state = () => JSON.stringify(Object.values(types).map((type) => cluster.objects(type)))
    const before = state()
    const plan = yield* deployer.plan(yield* snapshot(version), { name, settings })
    assert.strictEqual(state(), before)
    return plan.preview ?? { objects: [], unavailable: "there is no preview" }
  })

type Previewed = Effect.Effect.Success<ReturnType<typeof preview>>

const find = ({ objects }: Previewed, object: string) => objects.find((one) => one.object.startsWith(object))

layer(layerDeployer(), { excludeTestServices: true })("the plan of a deployment in a cluster", (it) => {
  it.effect("creates the objects of a new deployment", () =>
    Effect.gen(function* () {
      const seen = yield* preview("first")
      assert.isUndefined(seen.unavailable)
      assert.deepStrictEqual(
        seen.objects.map(({ action, object }) => `${action} ${object.split(" in ")[0]}`),
        [
          "create Service first",
          "create PodDisruptionBudget first",
          "create NetworkPolicy first",
          "create ConfigMap first-intake",
          "create Secret first-g1-DIGEST",
          "create Service first-g1",
          "create Deployment first-g1"
        ]
      )
    })
  )

  it.effect(
    "changes the Service, and the fields of the pods that differ from those of the generation that serves",
    () =>
      Effect.gen(function* () {
        yield* deploy("second", { environment: { KEEP: "1", A: "1" }, nodeSelector: { disk: "ssd" } })
        const seen = yield* preview("second", { environment: { KEEP: "1", A: "2" }, memory: "1g" })
        assert.deepStrictEqual(find(seen, "Service second in")?.changes, [
          { path: '.spec.selector."effect-deployers/generation"', from: "1", to: "2" }
        ])
        assert.deepStrictEqual(find(seen, "PodDisruptionBudget"), {
          object: "PodDisruptionBudget second in the namespace default",
          action: "keep",
          changes: []
        })
        const deployment = find(seen, "Deployment")
        assert.strictEqual(deployment?.replaces, "Deployment second-g1 in the namespace default")
        const service = ".spec.template.spec.containers[service]"
        assert.deepStrictEqual(
          deployment?.changes.map(({ path }) => path),
          [
            `${service}.command`,
            `${service}.env[A].value`,
            `${service}.resources.limits.memory`,
            `${service}.resources.requests.memory`,
            ".spec.template.spec.nodeSelector.disk"
          ]
        )
        assert.deepInclude(deployment?.changes ?? [], { path: `${service}.env[A].value`, from: "1", to: "2" })
        assert.deepInclude(deployment?.changes ?? [], { path: ".spec.template.spec.nodeSelector.disk", from: "ssd" })
        assert.isEmpty(find(seen, "Secret")?.changes ?? ["none"])
      })
  )

  it.effect("names the image of a new version as one that the deploy makes", () =>
    Effect.gen(function* () {
      yield* deploy("third")
      const changes = find(yield* preview("third", {}, "two"), "Deployment")?.changes ?? []
      const image = changes.find(({ path }) => path.endsWith(".image"))
      assert.match(String(image?.from), /@sha256:/)
      assert.strictEqual(image?.to, "(made by the deploy)")
    })
  )

  it.effect("K28: shows that a secret changes, and neither shows nor sends its value", () =>
    Effect.gen(function* () {
      const secrets = yield* SecretStore
      const cluster = yield* FakeCluster.FakeCluster
      yield* secrets.set("TOKEN", Redacted.make("before"))
      yield* secrets.set("SAME", Redacted.make("same"))
      yield* deploy("fourth", { secrets: ["TOKEN", "SAME"] })
      yield* secrets.set("TOKEN", Redacted.make("after"))
      yield* secrets.set("NEW", Redacted.make("new"))
      const seen = yield* preview("fourth", { secrets: ["TOKEN", "SAME", "NEW"] })
      assert.deepStrictEqual(find(seen, "Secret")?.changes, [
        { path: '.data."secret.NEW"', to: "(secret)" },
        { path: '.data."secret.TOKEN"', from: "(secret)", to: "(secret)" }
      ])
      const tried = cluster.tried.filter(({ reference }) => reference.type === types.secrets)
      assert.isNotEmpty(tried)
      for (const text of ["after", "same", "before"]) {
        assert.notInclude(JSON.stringify([seen, tried]), text)
        assert.notInclude(JSON.stringify(tried), Buffer.from(text).toString("base64"))
      }
    })
  )

  it.effect("removes the objects that no setting wants any more", () =>
    Effect.gen(function* () {
      yield* deploy("fifth", {
        exposure: "ingress",
        ingress: { host: "fifth.test" },
        autoscale: { min: 1, max: 1 }
      })
      const seen = yield* preview("fifth")
      assert.deepStrictEqual(
        seen.objects.filter(({ action }) => action === "remove").map(({ object }) => object),
        ["Ingress fifth in the namespace default", "HorizontalPodAutoscaler fifth-g1 in the namespace default"]
      )
    })
  )

  it.effect("K28: has the reason of the cluster for an object that it refuses", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* deploy("sixth")
      const service = { type: types.services, namespace: "default", name: "sixth" }
      yield* cluster.edit("kubectl-edit", service, { spec: { type: "LoadBalancer" } })
      assert.include(find(yield* preview("sixth"), "Service sixth in")?.refused ?? "", '.spec.type by "kubectl-edit"')
      assert.isUndefined(find(yield* preview("sixth", { force: true }), "Service sixth in")?.refused)
      yield* cluster.edit("kubectl", { ...service, name: "foreign" }, { spec: { type: "ClusterIP" } })
      assert.include(find(yield* preview("foreign"), "Service foreign in")?.refused ?? "", "needs the Service foreign")
    })
  )

  it.effect("K28: says why a cluster could not be asked, and plans the rest", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* deploy("seventh")
      const deployer = yield* KubernetesDeployer
      yield* cluster.setReachable(false)
      const plan = yield* deployer.plan(yield* snapshot("one"), { name: "seventh", settings: { memory: "1g" } })
      const without = yield* deployer.plan(yield* snapshot("one"), { name: "seventh", preview: false })
      yield* cluster.setReachable(true)
      assert.isEmpty(plan.preview?.objects ?? ["none"])
      assert.include(plan.preview?.unavailable ?? "", "nothing listens there")
      assert.deepInclude(plan.changes, { path: "memory", from: "512m", to: "1g" })
      assert.isUndefined(without.preview)
      yield* cluster.lack("create secrets")
      assert.include((yield* preview("seventh")).unavailable ?? "", "create secrets")
    })
  )
})
