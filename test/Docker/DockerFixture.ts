/** The Docker deployer on a real engine, in a temporary home. */
import { fileURLToPath } from "node:url"
import { FileSystem, HttpClient, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Array as Arr, Effect, Layer } from "effect"
import { type Deployment, Home, Snapshot } from "effect-deployers"
import { DeployerFixture } from "effect-deployers/Conformance"
import { ensure } from "../../scripts/engine.mjs"
import * as DockerClient from "../../src/Docker/DockerClient.js"
import * as DockerDeployer from "../../src/Docker/DockerDeployer.js"
import * as DockerStack from "../../src/Docker/DockerStack.js"
import * as ImageBuilder from "../../src/Docker/ImageBuilder.js"
import * as Labels from "../../src/Docker/Labels.js"
import type { DockerSettingsInput } from "../../src/Docker/Settings.js"
import * as Ports from "../../src/Flavor/Ports.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import { filesBelow } from "../Files.js"

const pipelines = (file: string) => fileURLToPath(new URL(`../pipelines/${file}`, import.meta.url))
/** Where the engine of the tests is; started if none answers. */
export const engineHost = Effect.map(
  Effect.promise(() => ensure({ say: (text) => void process.stderr.write(`${text}\n`) })),
  ({ host }) => host
)

/** What of a registry is in the engine. */
export const census = Effect.gen(function* () {
  const { containers, networks, volumes } = yield* DockerClient.DockerClient
  const { registryId } = yield* DeploymentStore
  const labels = Labels.filter({ registryId })
  return {
    containers: (yield* containers.list(labels)).map(({ name }) => name),
    networks: (yield* networks.list(labels)).map(({ name }) => name),
    volumes: (yield* volumes.list(labels)).map(({ name }) => name).sort()
  }
})

const nothing = { containers: [], networks: [], volumes: [] }

/** Images of the registry's snapshots are removed; another suite that uses the same one keeps it. */
const removeImages = Effect.gen(function* () {
  const { images } = yield* DockerClient.DockerClient
  const snapshots = yield* Effect.flatMap(SnapshotStore, (store) => store.list())
  const builds = yield* BuildStore
  for (const { id } of snapshots) {
    for (const { image } of yield* builds.list(id)) yield* Effect.ignore(images.remove(image))
  }
})

/** Fails the suite if anything of its registry is left in the engine when it ends. */
const layerCensus = Layer.scopedDiscard(
  Effect.acquireRelease(Effect.void, () =>
    census.pipe(
      Effect.orDie,
      Effect.filterOrDieMessage(
        (left) => JSON.stringify(left) === JSON.stringify(nothing),
        "Something of the suite is left in the engine"
      ),
      Effect.zipRight(Effect.orDie(removeImages))
    )
  )
)

/**
 * Nothing calls these deployments while they are replaced, and they have one container each, except where a test says
 * otherwise.
 */
export const brief = { minHealthyMillis: 100, oldInstanceGraceMillis: 0, door: false }

/** The whole stack in a temporary home, with a census at its end. */
export const layerDocker = (host: Effect.Effect<string> = engineHost, options: DockerStack.Options = {}) =>
  layerCensus.pipe(
    Layer.provideMerge(
      Layer.unwrapScoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-docker-" })
          const defaults = { ...brief, ...options.defaults }
          return DockerStack.layer({ ...options, home, engine: { host: yield* host }, defaults })
        })
      )
    ),
    Layer.provideMerge(NodeContext.layer)
  )

export const fromFile = (file: string, name: string) => Snapshot.fromFile(`${pipelines(file)}#${name}`)

/** The same with what the deployer suite asks for: real bundles, real containers. */
export const layerSuite = (options: Pick<DockerSettingsInput, "door"> = {}) =>
  Layer.provideMerge(
    Layer.scoped(
      DeployerFixture.DeployerFixture,
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const home = yield* Home.Home
        const { containers } = yield* DockerClient.DockerClient
        const { registryId } = yield* DeploymentStore
        const client = yield* HttpClient.HttpClient
        const gets =
          (path: string) =>
          ({ url }: Pick<Deployment.Deployment, "url">) =>
            client.get(`${url}${path}`).pipe(
              Effect.map(({ status }) => status === 200),
              Effect.orElseSucceed(() => false),
              Effect.scoped
            )
        return {
          healthy: yield* fromFile("healthy.ts", "healthy"),
          another: yield* fromFile("healthy.ts", "another"),
          crashing: yield* fromFile("failing.ts", "crashing"),
          silent: yield* fromFile("failing.ts", "silent"),
          onEmptyRegistry: yield* DeployerFixture.onEmptyRegistry(
            Layer.provide(
              DockerDeployer.layer({ defaults: { ...brief, ...options } }),
              Layer.merge(ImageBuilder.layer(), Ports.layer)
            )
          ),
          kill: ({ metadata }) =>
            containers
              .kill(String(metadata.containerId))
              .pipe(Effect.zipRight(containers.wait(String(metadata.containerId))), Effect.asVoid, Effect.orDie),
          answers: gets("/health"),
          isReady: gets("/health/ready"),
          files: ({ generation, id, metadata }) =>
            Effect.gen(function* () {
              const { mounts } = yield* Effect.orDie(containers.inspect(String(metadata.containerId)))
              const secrets = mounts.find(({ target }) => target === "/run/secrets")?.source ?? ""
              const own = yield* filesBelow(path.join(home.deployment(id), "generations", `${generation}`))
              return { ...own, ...(yield* filesBelow(secrets)) }
            }).pipe(Effect.provideService(FileSystem.FileSystem, fs)),
          instances: ({ id }) =>
            Effect.gen(function* () {
              const generations = path.join(home.deployment(id), "generations")
              const folders = yield* Effect.orElseSucceed(fs.readDirectory(generations), (): Array<string> => [])
              const listed = yield* Effect.orDie(containers.list(Labels.filter({ registryId, deploymentId: id })))
              const [doors, services] = Arr.partition(listed, ({ labels }) => labels[Labels.keys.role] === undefined)
              const existing = new Set([
                ...folders,
                ...services.map(({ labels }) => labels[Labels.keys.generation] ?? "")
              ])
              // A door without instances is a leftover.
              return existing.size > 0 ? Array.from(existing) : doors.map(({ name }) => name)
            })
        }
      })
    ),
    layerDocker(engineHost, { defaults: options })
  )
