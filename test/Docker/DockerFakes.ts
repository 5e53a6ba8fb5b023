/** The Docker deployer on an engine that runs nothing. */
import { FileSystem, HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer, Option, Stream } from "effect"
import { DeployerFixture } from "effect-deployers/Conformance"
import { isDoor, servantOf } from "../../src/Conformance/FakeEngine/Doors.js"
import * as FakeEngine from "../../src/Conformance/FakeEngine.js"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import * as DockerDeployer from "../../src/Docker/DockerDeployer.js"
import { publish } from "../../src/Docker/Image/Publish.js"
import { BuildEvent, ImageBuilder } from "../../src/Docker/ImageBuilder.js"
import * as Labels from "../../src/Docker/Labels.js"
import * as Ports from "../../src/Flavor/Ports.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import * as Home from "../../src/Store/Home.js"
import * as Ids from "../../src/Store/Ids.js"
import * as Registry from "../../src/Store/Registry.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../src/Testing/InMemoryDeployer.js"

/** A home in a temporary folder. */
export const layerHome = Layer.unwrapScoped(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return Home.layer(yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-fake-" })))
  })
)

/** An engine of another machine. */
export const elsewhere = { url: "tcp://engine.example:2376", remote: true, hostname: "engine.example", private: true }

/** Gives every snapshot an empty image, one each. */
export const layerImages = Layer.effect(
  ImageBuilder,
  Effect.gen(function* () {
    const engine = yield* FakeEngine.FakeEngine
    const client = yield* DockerClient
    const { images } = client
    const builds = yield* BuildStore
    return {
      build: ({ onProgress, repository, snapshot }) =>
        Effect.gen(function* () {
          const name = `effect-deployers/fake:${snapshot.id}`
          const known = yield* Effect.option(images.inspect(name))
          const imageId = known._tag === "Some" ? known.value.id : yield* engine.addImage({ tags: [name] })
          const build = yield* builds.put({ snapshotId: snapshot.id, checksum: "none", image: imageId })
          const built = { build, imageId, name, sizeBytes: 0, node: "/usr/bin/node", reused: known._tag === "Some" }
          if (repository === undefined) return built
          const image = yield* images.inspect(imageId)
          const report = onProgress ?? (() => Effect.void)
          if (known._tag === "None") {
            yield* report(BuildEvent.Finished({ image: name, imageId, sizeBytes: 0, executionTimeMillis: 0 }))
          }
          return { ...built, reference: yield* publish({ image, name, repository, known: Option.none(), report }) }
        }).pipe(Effect.provideService(DockerClient, client), Effect.orDie)
    }
  })
)

const pipelineOf = (labels: Readonly<Record<string, string>>) => labels[Labels.keys.pipeline]

/** Whether a container answers at a URL: all do but those of the pipeline `silent`. */
const answering = (engine: typeof FakeEngine.FakeEngine.Service, url: string | undefined) =>
  Array.from(engine.containers.values())
    .filter(({ ports }) =>
      ports.some(({ address, host }) =>
        url?.startsWith(`http://${address === "0.0.0.0" ? elsewhere.hostname : address}:${host}`)
      )
    )
    .flatMap((container) => servantOf(engine, container) ?? [])
    .some(({ labels, status }) => status === "running" && pipelineOf(labels) !== "silent")

const layerHttp = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(FakeEngine.FakeEngine, (engine) =>
    HttpClient.make((request) =>
      Effect.sync(() =>
        HttpClientResponse.fromWeb(request, new Response("", { status: answering(engine, request.url) ? 200 : 503 }))
      )
    )
  )
)

/** Replacing takes as long as its tests say, no longer. */
const brief = { minHealthyMillis: 0, oldInstanceGraceMillis: 0, door: false }

export interface FakeOptions {
  readonly takenPorts?: ReadonlyArray<number>
  /** Default an engine of this machine. */
  readonly host?: typeof elsewhere | undefined
  /** Default the default of the setting. */
  readonly door?: boolean | undefined
}

/** The deployer on an engine, a home and stores. */
const layerOn = ({ door, host }: FakeOptions) =>
  DockerDeployer.layer({
    secretsFolders: [],
    defaults: { ...brief, ...(host && { address: "0.0.0.0" }), ...(door === undefined ? {} : { door }) }
  }).pipe(Layer.provideMerge(Layer.merge(layerImages, layerHttp)))

/** The deployer with its engine, home and stores at hand. */
export const layerDeployer = ({ door, host, takenPorts = [] }: FakeOptions = {}) =>
  layerOn({ door, host }).pipe(
    Layer.provideMerge(Registry.layerMemory),
    Layer.provideMerge(
      Layer.mergeAll(FakeEngine.layer({ host }), Ids.layerTest, layerHome, Ports.layerTest(takenPorts))
    ),
    Layer.provideMerge(NodeContext.layer)
  )

/** The same with what the deployer suite asks for. */
export const layerSuite = (options: FakeOptions = {}) =>
  Layer.provideMerge(
    Layer.scoped(
      DeployerFixture.DeployerFixture,
      Effect.gen(function* () {
        const engine = yield* FakeEngine.FakeEngine
        const { containers } = yield* DockerClient
        const snapshots = yield* SnapshotStore
        yield* engine.behave(({ labels }) =>
          pipelineOf(labels) === "crashing"
            ? { logs: ["something went wrong"], exit: { code: 70 } }
            : { logs: ["it listens", "it is ready"] }
        )
        return {
          healthy: yield* snapshots.put(InMemoryDeployer.draft("healthy", "one")),
          another: yield* snapshots.put(InMemoryDeployer.draft("healthy", "two")),
          crashing: yield* snapshots.put(InMemoryDeployer.draft("crashing")),
          silent: yield* snapshots.put(InMemoryDeployer.draft("silent")),
          onEmptyRegistry: yield* DeployerFixture.onEmptyRegistry(layerOn(options)),
          kill: ({ metadata }) => Effect.orDie(containers.kill(String(metadata.containerId))),
          answers: ({ url }) => Effect.sync(() => answering(engine, url)),
          instances: ({ id }) =>
            Effect.sync(() => {
              const all = Array.from(engine.containers.values()).filter(
                ({ labels }) => labels[Labels.keys.deployment] === id
              )
              const services = all.filter((container) => !isDoor(container))
              // A door without instances is a leftover.
              return (services.length === 0 ? all : services).map(({ name }) => name)
            })
        }
      })
    ),
    layerDeployer(options)
  )

export const lines = <E, R>(stream: Stream.Stream<{ readonly text: string }, E, R>) =>
  stream.pipe(
    Stream.map(({ text }) => text),
    Stream.runCollect,
    Effect.map((chunk) => Array.from(chunk))
  )
