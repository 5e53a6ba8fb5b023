/** The Kubernetes deployer on a cluster and an engine that run nothing. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import { DeployerFixture } from "effect-deployers/Conformance"
import * as FakeCluster from "../../src/Conformance/FakeCluster.js"
import * as FakeEngine from "../../src/Conformance/FakeEngine.js"
import { ImageReference } from "../../src/Containerized/ImageReference.js"
import { ImageBuilder } from "../../src/Docker/ImageBuilder.js"
import * as Ports from "../../src/Flavor/Ports.js"
import { PodObject, ServiceObject } from "../../src/Kubernetes/Client/Resources.js"
import { types } from "../../src/Kubernetes/KubernetesClient.js"
import * as KubernetesDeployer from "../../src/Kubernetes/KubernetesDeployer.js"
import * as Labels from "../../src/Kubernetes/Labels.js"
import type { KubernetesSettingsInput } from "../../src/Kubernetes/Settings.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import * as Ids from "../../src/Store/Ids.js"
import * as Registry from "../../src/Store/Registry.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../src/Testing/InMemoryDeployer.js"
import { layerHome } from "../Docker/DockerFakes.js"

/** Gives every snapshot an empty image in a repository, which has the name of the pipeline in it. */
const layerImages = Layer.effect(
  ImageBuilder,
  Effect.gen(function* () {
    const engine = yield* FakeEngine.FakeEngine
    const builds = yield* BuildStore
    return {
      build: ({ snapshot }) =>
        Effect.gen(function* () {
          const imageId = yield* engine.addImage({ tags: [`effect-deployers/fake:${snapshot.id}`] })
          const build = yield* builds.put({ snapshotId: snapshot.id, checksum: "none", image: imageId })
          const reference = ImageReference.make(`registry.test/${snapshot.pipelineName}@${imageId}`)
          return { build, imageId, name: reference, reference, sizeBytes: 0, node: "/usr/bin/node", reused: false }
        }).pipe(Effect.orDie)
    }
  })
)

const decodeService = Schema.decodeUnknownSync(ServiceObject)
const decodePod = Schema.decodeUnknownSync(PodObject)

/** True if a Service at the address of a URL has a ready pod. */
export const answering = (cluster: typeof FakeCluster.FakeCluster.Service, url: string | undefined): boolean =>
  cluster
    .objects(types.services)
    .map((service) => decodeService(service).spec)
    .some(({ clusterIP, ports, selector, type }) => {
      const [port] = ports
      const addresses = [`http://${clusterIP}:${port?.port}`, `http://${clusterIP}`]
      if (type === "NodePort") addresses.push(`http://10.0.0.1:${port?.nodePort}`)
      const isHere = addresses.some((address) => url === address || url?.startsWith(`${address}/`) === true)
      return isHere && cluster.pods().some((pod) => matches(selector, pod.metadata.labels) && isReady(decodePod(pod)))
    })

const matches = (selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value)

const isReady = ({ status }: PodObject): boolean => status.containerStatuses.some(({ ready }) => ready)

const layerHttp = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(FakeCluster.FakeCluster, (cluster) =>
    HttpClient.make((request) =>
      Effect.sync(() =>
        HttpClientResponse.fromWeb(request, new Response("", { status: answering(cluster, request.url) ? 200 : 503 }))
      )
    )
  )
)

/** Replacing takes as long as its tests say, no longer. */
const brief = { minHealthyMillis: 0, oldInstanceGraceMillis: 0, imageRepository: "registry.test/tests" }

const layerOn = (defaults: KubernetesSettingsInput) =>
  KubernetesDeployer.layer({ defaults: { ...brief, ...defaults } }).pipe(
    Layer.provideMerge(Layer.merge(layerImages, layerHttp))
  )

/** The deployer with its cluster, home and stores at hand. */
export const layerDeployer = (defaults: KubernetesSettingsInput = {}) =>
  layerOn(defaults).pipe(
    Layer.provideMerge(Registry.layerMemory),
    Layer.provideMerge(
      Layer.mergeAll(FakeCluster.layer, FakeEngine.layer(), Ids.layerTest, layerHome, Ports.layerTest([]))
    ),
    Layer.provideMerge(NodeContext.layer)
  )

/** The behaviour of pods by the pipeline in the name of their image. */
export const byPipeline = (image: string): FakeCluster.PodBehaviour =>
  image.includes("/crashing@") ? "crashes" : image.includes("/silent@") ? "silent" : "healthy"

/** The same with what the deployer suite asks for. */
export const layerSuite = (defaults: KubernetesSettingsInput = {}) =>
  Layer.provideMerge(
    Layer.scoped(
      DeployerFixture.DeployerFixture,
      Effect.gen(function* () {
        const cluster = yield* FakeCluster.FakeCluster
        const snapshots = yield* SnapshotStore
        yield* cluster.behave(byPipeline)
        return {
          healthy: yield* snapshots.put(InMemoryDeployer.draft("healthy", "one")),
          another: yield* snapshots.put(InMemoryDeployer.draft("healthy", "two")),
          crashing: yield* snapshots.put(InMemoryDeployer.draft("crashing")),
          silent: yield* snapshots.put(InMemoryDeployer.draft("silent")),
          onEmptyRegistry: yield* DeployerFixture.onEmptyRegistry(layerOn(defaults)),
          kill: ({ metadata }) =>
            cluster.remove({ type: types.deployments, namespace: "default", name: String(metadata.deployment) }),
          answers: ({ url }) => Effect.sync(() => answering(cluster, url)),
          instances: ({ id }) =>
            Effect.sync(() => [
              ...new Set(
                [types.deployments, types.services, types.secrets]
                  .flatMap((type) => cluster.objects(type))
                  .filter(({ metadata }) => metadata.labels[Labels.keys.deployment] === id)
                  .flatMap(({ metadata }) => metadata.labels[Labels.keys.generation] ?? [])
              )
            ])
        }
      })
    ),
    layerDeployer(defaults)
  )
