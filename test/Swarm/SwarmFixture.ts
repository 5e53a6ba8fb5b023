/** The Swarm deployer on a real swarm of one node, in a temporary home. */
import { fileURLToPath } from "node:url"
import { FileSystem, HttpClient, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer, Option, Schedule } from "effect"
import { type Deployment, Home, Snapshot } from "effect-deployers"
import { DeployerFixture } from "effect-deployers/Conformance"
import { ensure } from "../../scripts/swarm.mjs"
import * as DockerClient from "../../src/Docker/DockerClient.js"
import * as ImageBuilder from "../../src/Docker/ImageBuilder.js"
import * as Labels from "../../src/Docker/Labels.js"
import * as Ports from "../../src/Flavor/Ports.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import { isAlive, tasksOf } from "../../src/Swarm/Backend/Lookup.js"
import { generationOf, isDoor, serviceName } from "../../src/Swarm/Backend/Names.js"
import * as SwarmDeployer from "../../src/Swarm/SwarmDeployer.js"
import * as SwarmStack from "../../src/Swarm/SwarmStack.js"
import { filesBelow } from "../Files.js"

/** The path of a file with pipelines. */
export const pipelines = (file: string) => fileURLToPath(new URL(`../pipelines/${file}`, import.meta.url))

/** The shared swarm of the tests; started if none answers. */
export const shared = Effect.promise(() => ensure({ say: (text) => void process.stderr.write(`${text}\n`) }))

/** Everything of a registry in the swarm. */
export const census = Effect.gen(function* () {
  const { configs, networks, secrets, services, volumes } = yield* DockerClient.DockerClient
  const { registryId } = yield* DeploymentStore
  const labels = Labels.filter({ registryId })
  const found = []
  for (const { list } of [services, secrets, configs, networks, volumes]) {
    for (const { name } of yield* list(labels)) found.push(name)
  }
  return found
})

const removeImages = Effect.gen(function* () {
  const { images } = yield* DockerClient.DockerClient
  const snapshots = yield* Effect.flatMap(SnapshotStore, (store) => store.list())
  const builds = yield* BuildStore
  for (const { id } of snapshots) {
    for (const { image } of yield* builds.list(id)) yield* Effect.ignore(images.remove(image))
  }
})

/** Fails the suite if anything of its registry is left in the swarm when it ends. */
const layerCensus = Layer.scopedDiscard(
  Effect.acquireRelease(Effect.void, () =>
    census.pipe(
      Effect.orDie,
      Effect.filterOrDie(
        (left) => left.length === 0,
        (left) => new Error(`Something of the suite is left in the swarm: ${left.join(", ")}`)
      ),
      Effect.zipRight(Effect.orDie(removeImages))
    )
  )
)

/** Nothing calls these deployments while they are replaced, except where a test says otherwise. */
export const brief = { minHealthyMillis: 100, oldInstanceGraceMillis: 0, healthIntervalMillis: 1_000 }

/** The whole stack in a temporary home, with a census at its end. */
export const layerSwarm = (
  host: Effect.Effect<string> = Effect.map(shared, ({ host }) => host),
  options: SwarmStack.Options = {}
) =>
  layerCensus.pipe(
    Layer.provideMerge(
      Layer.unwrapScoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-swarm-" })
          const defaults = { ...brief, ...options.defaults }
          return SwarmStack.layer({ ...options, home, engine: { host: yield* host }, defaults })
        })
      )
    ),
    Layer.provideMerge(NodeContext.layer)
  )

export const fromFile = (file: string, name: string) => Snapshot.fromFile(`${pipelines(file)}#${name}`)

/** Scales the service of a deployment to no task from outside, and waits until the last one is gone. */
export const scaleToNothing = ({ id }: Pick<Deployment.Deployment, "id">) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient.DockerClient
    const service = yield* services.inspect(serviceName(id))
    yield* services.update(service, DockerClient.ServiceChange.Scale({ replicas: 0 }))
    yield* Effect.repeat(tasksOf(service), {
      until: (tasks) => !tasks.some(isAlive),
      schedule: Schedule.spaced("100 millis")
    })
  }).pipe(Effect.orDie)

/** The same with what the deployer suite asks for: real bundles, real tasks. */
export const layerSuite = () =>
  Layer.provideMerge(
    Layer.scoped(
      DeployerFixture.DeployerFixture,
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const home = yield* Home.Home
        const docker = yield* DockerClient.DockerClient
        const { registryId } = yield* DeploymentStore
        const client = yield* HttpClient.HttpClient
        const gets =
          (path: string) =>
          ({ url }: Pick<Deployment.Deployment, "url">) =>
            client.get(`${url}${path}`).pipe(
              Effect.map(({ status }) => status === 200),
              Effect.timeoutTo({ duration: "20 seconds", onSuccess: (is) => is, onTimeout: () => false }),
              Effect.orElseSucceed(() => false),
              Effect.scoped
            )
        return {
          healthy: yield* fromFile("healthy.ts", "healthy"),
          another: yield* fromFile("healthy.ts", "another"),
          crashing: yield* fromFile("failing.ts", "crashing"),
          silent: yield* fromFile("failing.ts", "silent"),
          onEmptyRegistry: yield* DeployerFixture.onEmptyRegistry(
            Layer.provide(SwarmDeployer.layer({ defaults: brief }), Layer.merge(ImageBuilder.layer(), Ports.layer))
          ),
          kill: (deployment) => Effect.provideService(scaleToNothing(deployment), DockerClient.DockerClient, docker),
          answers: gets("/health"),
          isReady: gets("/health/ready"),
          startMillis: 12_000,
          files: ({ generation, id }) =>
            filesBelow(path.join(home.deployment(id), "generations", `${generation}`)).pipe(
              Effect.provideService(FileSystem.FileSystem, fs)
            ),
          instances: ({ id }) =>
            Effect.gen(function* () {
              const generations = path.join(home.deployment(id), "generations")
              const existing = new Set(
                yield* Effect.orElseSucceed(fs.readDirectory(generations), (): Array<string> => [])
              )
              const listed = yield* docker.services.list(Labels.filter({ registryId, deploymentId: id }))
              const service = Option.fromNullable(listed.find((one) => !isDoor(one)))
              if (Option.isSome(service)) {
                existing.add(String(generationOf(service.value)))
                const tasks = yield* docker.tasks.list(service.value.id)
                for (const task of tasks.filter(isAlive)) existing.add(String(generationOf(task)))
              }
              // A door without a service is a leftover.
              return existing.size > 0 ? Array.from(existing) : listed.map(({ name }) => name)
            }).pipe(Effect.orDie)
        }
      })
    ),
    layerSwarm()
  )
