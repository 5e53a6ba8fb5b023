/** Faults of a cluster, on one that runs nothing. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Redacted, Stream, TestClock, TestContext } from "effect"
import { Deployer } from "effect-deployers"
import * as FakeCluster from "../../src/Conformance/FakeCluster.js"
import { types } from "../../src/Kubernetes/KubernetesClient.js"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import type { KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../src/Testing/InMemoryDeployer.js"
import { answering, layerDeployer } from "./KubernetesFakes.js"

const snapshot = Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft("healthy", "one")))

const deploy = (name: string, settings: KubernetesSettingsInput = {}) =>
  Effect.gen(function* () {
    const deployer = yield* KubernetesDeployer
    return yield* deployer.provision(yield* snapshot, { name, settings })
  })

/** The message of the failure of a deploy whose pods behave in a way. */
const failureWith = (behaviour: FakeCluster.PodBehaviour, name: string, settings: KubernetesSettingsInput = {}) =>
  Effect.gen(function* () {
    const cluster = yield* FakeCluster.FakeCluster
    yield* cluster.behave(() => behaviour)
    const error = yield* Effect.flip(deploy(name, settings))
    yield* cluster.behave(() => "healthy")
    assert.strictEqual(error._tag, "DeploymentProvisionFailed")
    assert.isEmpty(cluster.objects(types.deployments))
    return error
  })

const nameOfDeployment = (name: string) => ({ type: types.deployments, namespace: "default", name: `${name}-g1` })

/** The lines of the log of a deployment. */
const linesOf = (name: string) =>
  Effect.flatMap(KubernetesDeployer, (deployer) =>
    Effect.map(Stream.runCollect(deployer.logs(name)), (lines) => Array.from(lines, ({ text }) => text))
  )

const service = (name: string) => ({ type: types.services, namespace: "default", name })

layer(layerDeployer(), { excludeTestServices: true })("a cluster that runs nothing", (it) => {
  it.effect("K01: an image that cannot be pulled fails the deploy with the words of the registry", () =>
    Effect.gen(function* () {
      const { message } = yield* failureWith("unpullable", "k01")
      assert.include(message, "its image cannot be pulled")
      assert.include(message, "the registry has no such image")
    })
  )

  it.effect("K02: a pod that crashes fails the deploy with its exit code and the lines of the container before", () =>
    Effect.gen(function* () {
      const { message } = yield* failureWith("crashes", "k02")
      assert.include(message, "exit code 70")
      assert.include(message, "something went wrong")
      const killed = yield* failureWith("outOfMemory", "k02", { memory: "256m" })
      assert.include(killed.message, "of memory")
      assert.include(killed.message, "OOMKilled")
    })
  )

  it.effect("K04: a pod that fits on no node fails the deploy with the message of the scheduler", () =>
    Effect.gen(function* () {
      const { message } = yield* failureWith("unschedulable", "k04", { schedulingMillis: 0 })
      assert.include(message, "0/1 nodes are available: 1 Insufficient cpu")
    })
  )

  it.effect("K05: a quota that refuses the pods fails the deploy with its name", () =>
    Effect.gen(function* () {
      const { message } = yield* failureWith("refused", "k05")
      assert.include(message, "exceeded quota: small")
    })
  )

  it.effect("K07: a field that another manager changed refuses the deploy, unless it is forced", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* deploy("k07")
      yield* cluster.edit("kubectl-edit", service("k07"), { spec: { type: "LoadBalancer" } })
      const error = yield* Effect.flip(deploy("k07"))
      assert.include(error.message, '.spec.type by "kubectl-edit"')
      assert.strictEqual((yield* deploy("k07", { force: true })).generation, 3)
    })
  )

  it.effect("K10: a secret that changes is a Secret with another name, and the old one goes", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      const secrets = yield* SecretStore
      const names = () =>
        cluster.objects(types.secrets).flatMap(({ metadata: { name } }) => (name.startsWith("k10-") ? [name] : []))
      yield* secrets.set("TOKEN", Redacted.make("one"))
      yield* deploy("k10", { secrets: ["TOKEN"] })
      const before = names()
      yield* secrets.set("TOKEN", Redacted.make("two"))
      yield* deploy("k10", { secrets: ["TOKEN"] })
      assert.lengthOf(before, 1)
      assert.lengthOf(names(), 1)
      assert.notDeepEqual(names(), before)
    })
  )

  it.effect("K13: a cluster that does not answer is unknown, not absent", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      const deployer = yield* Deployer.Deployer
      yield* deploy("k13")
      yield* cluster.setReachable(false)
      const seen = yield* Effect.either(deployer.refresh("k13"))
      yield* cluster.setReachable(true)
      assert.notStrictEqual(seen._tag === "Right" ? seen.right.status : "unknown", "absent")
      assert.strictEqual((yield* deployer.refresh("k13")).status, "running")
    })
  )

  it.effect("K15: a name whose objects belong to another deployment is refused before any write", () =>
    Effect.gen(function* () {
      yield* deploy("k15")
      const error = yield* Effect.flip(deploy("k15-g1"))
      assert.strictEqual(error._tag, "ResourceNotOwned")
      const long = yield* deploy(`k15-${"n".repeat(36)}`)
      assert.strictEqual(long.status, "running")
    })
  )

  it.effect("K16: a namespace that is missing or being deleted is named before any write", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* cluster.setNamespace("going", "Terminating")
      for (const [namespace, words] of [
        ["nowhere", "kubectl create namespace nowhere"],
        ["going", "is being deleted"]
      ] as const) {
        const error = yield* Effect.flip(deploy("k16", { namespace }))
        assert.strictEqual(error._tag, "DeploymentProvisionFailed")
        assert.include(error.message, words)
        assert.isEmpty(cluster.objects(types.services, namespace))
      }
    })
  )

  it.effect("K21: a deletion that a finalizer holds fails with its name, and succeeds when it is gone", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      const deployer = yield* KubernetesDeployer
      yield* deploy("k21")
      yield* cluster.hold(nameOfDeployment("k21"), "backup.test/keep")
      const passing = yield* Effect.fork(Effect.forever(TestClock.adjust("1 second")))
      const error = yield* Effect.flip(deployer.delete("k21"))
      assert.strictEqual(error._tag, "DeploymentDeprovisionFailed")
      assert.include(error.message, "k21-g1 waits for the finalizers backup.test/keep; the controller that set them")
      yield* cluster.release(nameOfDeployment("k21"))
      yield* deployer.delete("k21")
      yield* Fiber.interrupt(passing)
      assert.isEmpty(cluster.objects(types.deployments).filter(({ metadata: { name } }) => name === "k21-g1"))
    }).pipe(Effect.provide(TestContext.TestContext))
  )

  it.effect("K25: the log has the lines of all pods by time, with the names of the pods", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* deploy("k25", { replicas: 2, serving: { recording: "none" } })
      const [one = "", other = ""] = cluster
        .pods()
        .flatMap(({ metadata: { name } }) => (name.startsWith("k25-g1") ? [name] : []))
      const later = 4_000_000_000_000
      yield* cluster.print(one, later + 2, "second")
      yield* cluster.print(other, later + 3, "third")
      yield* cluster.print(other, later + 1, "first")
      assert.deepStrictEqual((yield* linesOf("k25")).slice(-3), [
        `[${other}] first`,
        `[${one}] second`,
        `[${other}] third`
      ])
    })
  )

  it.effect("K25: the log of a container that was restarted begins with the lines before", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* deploy("k25-again")
      yield* cluster.disturb(nameOfDeployment("k25-again"), "crashes")
      assert.deepStrictEqual(yield* linesOf("k25-again"), ["it listens", "it runs"])
    })
  )

  it.effect("K17: a foreign Service of the name stays, and the deploy says so", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* cluster.edit("helm", service("k17"), { spec: { type: "ClusterIP", selector: { app: "theirs" } } })
      const error = yield* Effect.flip(deploy("k17"))
      assert.strictEqual(error._tag, "ResourceNotOwned")
      assert.include(error.message, "the Service k17 in the namespace default")
      const [theirs] = cluster.objects(types.services).filter(({ metadata }) => metadata.name === "k17")
      assert.deepInclude(theirs ?? {}, {
        spec: { type: "ClusterIP", selector: { app: "theirs" }, ...addressOf(theirs) }
      })
    })
  )

  it.effect(
    "K20: a replace leads the Service to the new generation when that is accepted, and a failed one does not",
    () =>
      Effect.gen(function* () {
        const cluster = yield* FakeCluster.FakeCluster
        const { url } = yield* deploy("k20")
        yield* cluster.behave(() => "crashes")
        yield* Effect.flip(deploy("k20", { environment: { A: "1" } }))
        yield* cluster.behave(() => "healthy")
        assert.isTrue(answering(cluster, url))
        assert.strictEqual((yield* deploy("k20")).url, url)
        assert.isTrue(answering(cluster, url))
      })
  )
})

const addressOf = (found: { readonly [key: string]: unknown } | undefined) => {
  const spec = found?.["spec"]
  return typeof spec === "object" && spec !== null && "clusterIP" in spec ? { clusterIP: spec.clusterIP } : {}
}

layer(layerDeployer(), { excludeTestServices: true })("a user without a right", (it) => {
  it.effect("K14: the verbs and resources that are missing are named before anything changes", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      yield* cluster.lack("create secrets", "patch secrets", "list events")
      const error = yield* Effect.flip(deploy("k14"))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, "create, patch secrets; list events")
      assert.isEmpty(cluster.operations.filter((operation) => operation.startsWith("apply")))
    })
  )
})
