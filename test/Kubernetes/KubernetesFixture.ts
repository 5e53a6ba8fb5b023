/** The Kubernetes deployer on a real cluster, in a namespace and a temporary home of its own. */
import { fileURLToPath } from "node:url"
import { FileSystem, HttpClient, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Layer, Option, Schedule } from "effect"
import { type Deployment, Home, Snapshot } from "effect-deployers"
import { DeployerFixture } from "effect-deployers/Conformance"
import { v7 } from "uuid"
import { ensure } from "../../scripts/engine.mjs"
import * as ImageBuilder from "../../src/Docker/ImageBuilder.js"
import {
  KubernetesClient,
  layer as layerClient,
  type ResourceType,
  types
} from "../../src/Kubernetes/KubernetesClient.js"
import * as KubernetesDeployer from "../../src/Kubernetes/KubernetesDeployer.js"
import * as KubernetesStack from "../../src/Kubernetes/KubernetesStack.js"
import * as Labels from "../../src/Kubernetes/Labels.js"
import type { KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { filesBelow } from "../Files.js"

/** The cluster of the tests; without one they are skipped. */
export const kubeconfig = process.env["EFFECT_DEPLOYERS_TEST_KUBECONFIG"] ?? ""
const registry = process.env["EFFECT_DEPLOYERS_TEST_REGISTRY"] ?? ""
export const hasCluster = kubeconfig !== "" && registry !== ""

const pipelines = (file: string) => fileURLToPath(new URL(`../pipelines/${file}`, import.meta.url))

export const fromFile = (file: string, name: string) => Snapshot.fromFile(`${pipelines(file)}#${name}`)

/** Nothing calls these deployments while they are replaced, except where a test says otherwise. */
export const brief = { minHealthyMillis: 100, oldInstanceGraceMillis: 0, stopDelayMillis: 0 }

/** Fails the suite if anything of a deployment is left in its namespace when it ends. */
const census = (namespace: string) =>
  Effect.gen(function* () {
    const { list } = yield* KubernetesClient
    const kinds = [types.deployments, types.services, types.secrets, types.configMaps, types.disruptionBudgets]
    const found = yield* Effect.forEach([...kinds, types.networkPolicies, types.pods], (type) => list(type, namespace))
    const ours = found.flat().filter(({ metadata }) => metadata.labels[Labels.keys.registry] !== undefined)
    if (ours.length > 0)
      return yield* Effect.dieMessage(`Left: ${ours.map(({ metadata }) => metadata.name).join(", ")}`)
  })

/** A namespace that refuses pods outside the restricted profile, until the scope closes. */
const namespace = Effect.gen(function* () {
  const { apply, get, remove } = yield* KubernetesClient
  const reference = { type: types.namespaces, namespace: "", name: `suite-${v7()}` }
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" }
  yield* Effect.acquireRelease(apply(reference, { metadata: { labels } }, { manager: "tests" }), () =>
    remove(reference).pipe(
      Effect.zipRight(Effect.repeat(get(reference), { until: Option.isNone, schedule: Schedule.spaced("200 millis") })),
      Effect.orDie
    )
  )
  yield* Effect.addFinalizer(() => Effect.orDie(census(reference.name)))
  return reference.name
})

/** The settings of every deployment of a suite. */
export class Defaults extends Context.Tag("test/Kubernetes/Defaults")<
  Defaults,
  KubernetesSettingsInput & { readonly namespace: string }
>() {}

const layerDefaults = (more: KubernetesSettingsInput) =>
  Layer.scoped(
    Defaults,
    Effect.map(namespace, (name) => ({ ...brief, imageRepository: `${registry}/tests`, ...more, namespace: name }))
  )

/** The whole stack in a temporary home and a new namespace. */
export const layerKubernetes = (more: KubernetesSettingsInput = {}) =>
  Layer.unwrapScoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-kubernetes-" })
      const { host } = yield* Effect.promise(() => ensure({ say: (text) => void process.stderr.write(`${text}\n`) }))
      const cluster = { kubeconfig: [kubeconfig] }
      return KubernetesStack.layer({ home, cluster, engine: { host }, defaults: yield* Defaults })
    })
  ).pipe(
    Layer.provideMerge(layerDefaults(more)),
    Layer.provide(layerClient({ kubeconfig: [kubeconfig] })),
    Layer.provideMerge(NodeContext.layer)
  )

/** The same with what the deployer suite asks for: real bundles, real pods. */
export const layerSuite = (more: KubernetesSettingsInput = {}) =>
  Layer.provideMerge(
    Layer.scoped(
      DeployerFixture.DeployerFixture,
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const home = yield* Home.Home
        const defaults = yield* Defaults
        const { get, list, remove } = yield* KubernetesClient
        const client = yield* HttpClient.HttpClient
        const gets =
          (path: string) =>
          ({ url }: Pick<Deployment.Deployment, "url">) =>
            client.get(`${url}${path}`).pipe(
              Effect.map(({ status }) => status === 200),
              Effect.orElseSucceed(() => false),
              Effect.timeoutTo({ duration: "2 seconds", onSuccess: (is) => is, onTimeout: () => false }),
              Effect.scoped
            )
        const at = { type: types.deployments, namespace: defaults.namespace }
        const objects = (type: ResourceType, id: string) =>
          Effect.orDie(list(type, defaults.namespace, { [Labels.keys.deployment]: id }))
        return {
          healthy: yield* fromFile("healthy.ts", "healthy"),
          another: yield* fromFile("healthy.ts", "another"),
          crashing: yield* fromFile("failing.ts", "crashing"),
          silent: yield* fromFile("failing.ts", "silent"),
          onEmptyRegistry: yield* DeployerFixture.onEmptyRegistry(
            Layer.provide(KubernetesDeployer.layer({ defaults }), ImageBuilder.layer())
          ),
          startMillis: 15_000,
          // A cluster starts pods again by itself; only a Deployment that was removed stays away.
          kill: ({ id, metadata }) =>
            Effect.gen(function* () {
              const reference = { ...at, name: String(metadata.deployment) }
              yield* remove(reference, { propagation: "foreground" })
              yield* Effect.repeat(Effect.all([get(reference), objects(types.pods, id)]), {
                until: ([deployment, pods]) => Option.isNone(deployment) && pods.length === 0,
                schedule: Schedule.spaced("100 millis")
              })
            }).pipe(Effect.orDie),
          answers: gets("/health"),
          isReady: gets("/health/ready"),
          files: ({ generation, id }) =>
            Effect.gen(function* () {
              const own = yield* filesBelow(path.join(home.deployment(id), "generations", `${generation}`))
              const secrets = yield* objects(types.secrets, id)
              return {
                ...own,
                ...Object.fromEntries(secrets.map(({ data, metadata }) => [metadata.name, JSON.stringify(data)]))
              }
            }).pipe(Effect.provideService(FileSystem.FileSystem, fs)),
          instances: ({ id }) =>
            Effect.map(
              Effect.forEach([types.deployments, types.services, types.secrets, types.pods], (type) =>
                objects(type, id)
              ),
              (found) => [
                ...new Set(found.flat().flatMap(({ metadata }) => metadata.labels[Labels.keys.generation] ?? []))
              ]
            )
        }
      })
    ),
    layerKubernetes(more)
  )
