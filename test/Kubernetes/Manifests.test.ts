/** The manifests of deployments, for tools that apply them from a repository. */
import { assert, describe, it } from "@effect/vitest"
import { loadYaml } from "@kubernetes/client-node"
import { Effect, Option, Redacted, Schema } from "effect"
import { Deployer } from "effect-deployers"
import * as FakeCluster from "../../src/Conformance/FakeCluster.js"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import * as Labels from "../../src/Kubernetes/Labels.js"
import * as Manifests from "../../src/Kubernetes/Manifests.js"
import type { KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../src/Testing/InMemoryDeployer.js"
import { layerDeployer } from "./KubernetesFakes.js"

const snapshot = Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft("healthy", "one")))

const deploy = (name: string, settings: KubernetesSettingsInput = {}) =>
  Effect.gen(function* () {
    const deployer = yield* KubernetesDeployer
    return yield* deployer.provision(yield* snapshot, { name, settings })
  })

const image = `registry.test/team/weather@sha256:${"a".repeat(64)}`

const PodTemplate = Schema.Struct({
  spec: Schema.Struct({
    selector: Schema.Struct({ matchLabels: Schema.Record({ key: Schema.String, value: Schema.String }) }),
    template: Schema.Struct({
      metadata: Schema.Struct({
        labels: Schema.Record({ key: Schema.String, value: Schema.String }),
        annotations: Schema.Record({ key: Schema.String, value: Schema.String })
      }),
      spec: Schema.Struct({
        containers: Schema.Tuple(
          Schema.Struct({
            image: Schema.String,
            command: Schema.optional(Schema.Array(Schema.String)),
            env: Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.optional(Schema.String) }))
          })
        )
      })
    })
  })
})

const podsOf = ({ manifests }: Manifests.Exported) =>
  Schema.decodeUnknownSync(PodTemplate)(manifests.find(({ kind }) => kind === "Deployment")?.object).spec

const filesOf = ({ manifests }: Manifests.Exported) => manifests.map(({ file }) => file)

describe("the manifests of a deployment in a cluster", () => {
  it.effect("are its objects in the order in which they are applied, with names that outlive a generation", () =>
    Effect.gen(function* () {
      yield* deploy("weather", { namespace: "default", exposure: "ingress", ingress: { host: "weather.test" } })
      const first = yield* Manifests.ofDeployment("weather")
      assert.deepStrictEqual(filesOf(first), [
        "10-configmap-weather-intake.yaml",
        "10-configmap-weather-manifest.yaml",
        "30-service-weather.yaml",
        "40-poddisruptionbudget-weather.yaml",
        "50-networkpolicy-weather.yaml",
        "60-deployment-weather.yaml",
        "80-ingress-weather.yaml"
      ])
      yield* deploy("weather", { namespace: "default", environment: { A: "1" } })
      const second = yield* Manifests.ofDeployment("weather")
      assert.strictEqual(second.generation, 2)
      assert.deepStrictEqual(podsOf(second).selector, podsOf(first).selector)
      assert.notDeepEqual(
        podsOf(second).template.metadata.annotations[Labels.annotations.manifest],
        podsOf(first).template.metadata.annotations[Labels.annotations.manifest]
      )
      assert.deepStrictEqual(yield* Manifests.ofDeployment("weather"), second)
    }).pipe(Effect.provide(layerDeployer()))
  )

  it.effect("K27: have the image by digest, and no label of a registry, so that no deployer removes them", () =>
    Effect.gen(function* () {
      const cluster = yield* FakeCluster.FakeCluster
      const deployed = yield* deploy("weather")
      yield* cluster.setReachable(false)
      const exported = yield* Manifests.ofDeployment("weather")
      const [container] = podsOf(exported).template.spec.containers
      assert.match(container.image, /^registry\.test\/healthy@sha256:[0-9a-f]{64}$/)
      assert.strictEqual(container.command?.[0], "/usr/bin/node")
      const text = JSON.stringify(exported.manifests.map(({ object }) => object["metadata"]))
      for (const key of [Labels.keys.registry, Labels.keys.deployment, Labels.keys.generation]) {
        assert.notInclude(text, `"${key}"`)
        assert.notInclude(JSON.stringify(podsOf(exported)), `"${key}"`)
      }
      assert.notInclude(text, '"status"')
      assert.notInclude(text, '"namespace"')
      assert.strictEqual(deployed.generation, 1)
    }).pipe(Effect.provide(layerDeployer()))
  )

  it.effect("K27: have no value of a secret, and name the entries of the Secret that the pods need", () =>
    Effect.gen(function* () {
      yield* (yield* SecretStore).set("TOKEN", Redacted.make("s3cret"))
      yield* deploy("weather", { secrets: ["TOKEN"], secretsInEnvironment: ["TOKEN"] })
      const key = yield* Effect.flatMap(Deployer.Deployer, (deployer) => deployer.authKey("weather"))
      const exported = yield* Manifests.ofDeployment("weather")
      const documents = yield* Manifests.toYaml(exported)
      const text = documents.map((one) => one.text).join("---\n")
      const record = Option.getOrThrow(yield* Effect.flatMap(DeploymentStore, ({ find }) => find("weather")))
      const digests = record.authKeys.map(({ digest }) => digest)
      assert.lengthOf(digests, 1)
      const value = Redacted.value(key ?? Redacted.make("?"))
      for (const hidden of ["s3cret", Buffer.from("s3cret").toString("base64"), value, ...digests]) {
        assert.notInclude(text, hidden)
      }
      assert.notInclude(text, "kind: Secret")
      assert.include(text, "#   keys.json: the digests of the keys of callers")
      assert.include(text, "#   secret.TOKEN: the value of the secret TOKEN")
      assert.strictEqual(exported.secret?.name, "weather-secrets")

      const complete = yield* Manifests.ofDeployment("weather", { withSecrets: true })
      const [secret] = (yield* Manifests.toYaml(complete)).filter(({ isSecret }) => isSecret)
      const { data } = loadYaml<{ data: Record<string, string> }>(secret?.text ?? "")
      assert.strictEqual(Buffer.from(data["secret.TOKEN"] ?? "", "base64").toString(), "s3cret")
      assert.deepStrictEqual(Object.keys(data).sort(), exported.secret?.entries.map((one) => one.key).sort())
    }).pipe(Effect.provide(layerDeployer()))
  )

  it.effect("refuse every caller of a runtime that does not know the file of keys", () =>
    Effect.gen(function* () {
      yield* deploy("weather")
      const { manifests } = yield* Manifests.ofDeployment("weather")
      const map = manifests.find(({ name }) => name === "weather-manifest")
      const Map = Schema.Struct({ data: Schema.Struct({ "manifest.json": Schema.String }) })
      const manifest = JSON.parse(Schema.decodeUnknownSync(Map)(map?.object).data["manifest.json"])
      assert.deepStrictEqual(manifest.authKeyDigests, ["0".repeat(64)])
      assert.isUndefined(manifest.proofSecret)
      assert.strictEqual(manifest.keysFile, "/run/effect-deployers/keys.json")
    }).pipe(Effect.provide(layerDeployer()))
  )

  it.effect("are YAML that has the same content", () =>
    Effect.gen(function* () {
      yield* deploy("weather", { environment: { SWITCH: "on", NUMBER: "0777", LINES: "a\nb: c" } })
      const exported = yield* Manifests.ofDeployment("weather")
      const documents = yield* Manifests.toYaml(exported)
      const at = documents.findIndex(({ file }) => file === "60-deployment-weather.yaml")
      const read = JSON.parse(JSON.stringify(loadYaml(documents[at]?.text ?? "")))
      assert.deepStrictEqual(read, JSON.parse(JSON.stringify(exported.manifests[at]?.object)))
      assert.include(documents[at]?.text ?? "", 'value: "on"')
    }).pipe(Effect.provide(layerDeployer()))
  )
})

describe("the manifests of a deployment of another flavor", () => {
  it.effect("need an image with a digest", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* deployer.provision(yield* snapshot, { name: "weather", settings: { environment: { A: "1" } } })
      const refused = yield* Effect.flip(Manifests.ofDeployment("weather"))
      assert.strictEqual(refused._tag, "DeploymentNotExportable")
      assert.include(refused.message, "--image")
      const moving = yield* Effect.flip(Manifests.ofDeployment("weather", { image: "registry.test/weather:latest" }))
      assert.include(moving.message, "has no digest")

      const exported = yield* Manifests.ofDeployment("weather", { image, settings: { namespace: "production" } })
      const [container] = podsOf(exported).template.spec.containers
      assert.strictEqual(container.image, image)
      assert.isUndefined(container.command)
      assert.deepInclude(container.env, { name: "NODE_OPTIONS", value: "--max-old-space-size=384" })
      assert.deepInclude(container.env, { name: "A", value: "1" })
      assert.deepInclude(exported.manifests[0]?.object["metadata"], { namespace: "production" })

      yield* Effect.flatMap(BuildStore, (builds) =>
        Effect.flatMap(snapshot, ({ id }) => builds.put({ snapshotId: id, checksum: "pushed", image }))
      )
      assert.strictEqual(podsOf(yield* Manifests.ofDeployment("weather")).template.spec.containers[0].image, image)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("need a deployment", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(Manifests.ofDeployment("nothing")))._tag, "DeploymentNotFound")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
