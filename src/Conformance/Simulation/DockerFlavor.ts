/**
 * The Docker flavor on an engine that runs nothing, to be simulated: each request to the engine and each access to a file
 * is an effect point.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DockerBackend from "../../Docker/DockerBackend.js"
import { DockerClient } from "../../Docker/DockerClient.js"
import { ImageBuilder } from "../../Docker/ImageBuilder.js"
import * as Labels from "../../Docker/Labels.js"
import type { DockerSettings, DockerSettingsInput } from "../../Docker/Settings.js"
import { EngineUnavailable } from "../../Errors/Lifecycle.js"
import * as Ports from "../../Flavor/Ports.js"
import { BuildStore } from "../../Store/BuildStore.js"
import * as Home from "../../Store/Home.js"
import * as Faults from "../../Testing/Faults.js"
import type { Behaviour } from "../../Testing/InMemoryEngine.js"
import * as InMemoryFileSystem from "../../Testing/InMemoryFileSystem.js"
import { isDoor, servantOf } from "../FakeEngine/Doors.js"
import * as FakeEngine from "../FakeEngine.js"
import type { Flavor, Reality } from "./Flavor.js"

/**
 * Simulates deployers of the Docker flavor.
 *
 * @category constants
 * @since 0.1.0
 */
export const docker: Flavor<DockerSettings, DockerSettingsInput> = dockerWith({ door: false })

/**
 * Simulates deployers of the Docker flavor with a door for each deployment.
 *
 * @category constants
 * @since 0.2.0
 */
export const dockerWithDoors: Flavor<DockerSettings, DockerSettingsInput> = dockerWith({ door: true })

// internal

function dockerWith({ door }: { readonly door: boolean }): Flavor<DockerSettings, DockerSettingsInput> {
  return {
    name: "docker",
    fixedPort: { port: 8_080 },
    general: (deployer) => deployer,
    make: Effect.gen(function* () {
      const context = yield* Layer.build(FakeEngine.layer())
      const engine = Context.get(context, FakeEngine.FakeEngine)
      const client = Context.get(context, DockerClient)
      const files = yield* InMemoryFileSystem.make
      const behaviours = new Map<string, Behaviour>()
      const asked = new Map<string, number>()
      yield* engine.behave(({ labels }) =>
        behaviourOf(behaviours, labels) === "crashes" ? { logs: ["something went wrong"], exit: { code: 70 } } : {}
      )
      yield* engine.addImage({ tags: ["somebody/else:1"] })
      const foreign = yield* Effect.orDie(
        client.containers.create({ name: foreignName, image: "somebody/else:1", labels: {} })
      )
      yield* Effect.orDie(client.containers.start(foreign))

      const all = Effect.map(Clock.currentTimeMillis, (now) =>
        Array.from(engine.containers.values()).map((container) => ({
          container,
          reality: realityOf(container, behaviourOf(behaviours, container.labels), now)
        }))
      )
      const isLedTo = ({ labels, name }: FakeEngine.FakeContainer) => {
        const place = Labels.doorOf(labels)
        if (place === undefined) return true
        const door = Labels.doorName(labels[Labels.keys.deployment] ?? "", place.port)
        const one = Array.from(engine.containers.values()).find((container) => container.name === door)
        return one !== undefined && servantOf(engine, one)?.name === name
      }
      const http = HttpClient.make((request, url) =>
        Effect.flatMap(all, (everything) => {
          const found = everything.find(({ container }) =>
            container.ports.some(({ host }) => String(host) === url.port)
          )
          const count = (asked.get(url.port) ?? 0) + 1
          asked.set(url.port, count)
          const flaky = found !== undefined && behaviourOf(behaviours, found.container.labels) === "flaky"
          return found?.reality.answers === true && (!flaky || count % 2 === 0)
            ? Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}", { status: 200 })))
            : Effect.fail(
                new HttpClientError.RequestError({ request, reason: "Transport", description: "no process listens" })
              )
        })
      )
      return {
        http,
        backend: (faults, watch) =>
          Effect.map(
            Effect.provide(
              DockerBackend.make({ defaults: { ...brief, door }, secretsFolders: [], us: { uid: 1_000, gid: 1_000 } }),
              Layer.effect(ImageBuilder, images(engine)).pipe(
                Layer.provideMerge(
                  Layer.mergeAll(
                    Layer.succeed(DockerClient, faults.wrap("engine", client, Faults.dockerClient)),
                    Layer.succeed(FileSystem.FileSystem, faults.wrap("files", files, Faults.fileSystem)),
                    Home.layer("/home"),
                    Ports.layerTest()
                  )
                )
              )
            ),
            watch
          ),
        instances: Effect.map(all, (everything) =>
          everything.flatMap(({ container, reality }) =>
            reality.deploymentId === "" || isDoor(container) ? [] : [{ ...reality, led: isLedTo(container) }]
          )
        ),
        mutations: Effect.sync(() => engine.operations.filter((operation) => changing.test(operation)).length),
        leftovers: (id) =>
          Effect.gen(function* () {
            const folders = yield* Effect.orElseSucceed(files.readDirectory("/home/deployments"), () => [])
            const networks = yield* client.networks.list({})
            return [
              ...(yield* all)
                .filter(({ reality }) => reality.deploymentId === id)
                .map(({ container }) => container.name),
              ...networks.filter(({ labels }) => labels[Labels.keys.deployment] === id).map(({ name }) => name),
              ...Array.from(engine.volumes.values()).flatMap(({ labels, name }) =>
                labels[Labels.keys.deployment] === id ? [name] : []
              ),
              ...folders.filter((folder) => folder === id)
            ]
          }).pipe(Effect.orDie),
        behave: (pipeline, behaviour) => Effect.sync(() => void behaviours.set(pipeline, behaviour)),
        kill: (key) => engine.crash(key, 137),
        remove: (key) => Effect.ignore(client.containers.remove(key, { force: true })),
        pause: (key) => Effect.ignore(client.containers.pause(key)),
        unpause: (key) => Effect.ignore(client.containers.unpause(key)),
        restart: (how) => engine.restart(how, "2 seconds"),
        foreignIsUntouched: Effect.sync(() => engine.containers.get(foreign)?.restartCount === 0),
        harmForeign: Effect.ignore(client.containers.remove(foreign, { force: true }))
      }
    })
  }
}

/** Long enough to be gone through, and no longer. */
const brief = { minHealthyMillis: 500, oldInstanceGraceMillis: 200 }

const foreignName = "somebody-elses"

const changing = /^(create|start|stop|kill|remove|pause|unpause) /

const behaviourOf = (behaviours: ReadonlyMap<string, Behaviour>, labels: Readonly<Record<string, string>>): Behaviour =>
  behaviours.get(labels[Labels.keys.pipeline] ?? "") ?? "healthy"

const slowness = 20_000

const realityOf = (container: FakeEngine.FakeContainer, behaviour: Behaviour, now: number): Reality => {
  const running = container.status === "running"
  const age = container.startedAt === undefined ? 0 : now - DateTime.toEpochMillis(container.startedAt)
  const behaves = behaviour === "healthy" || behaviour === "flaky" || (behaviour === "slow" && age >= slowness)
  return {
    key: container.id,
    deploymentId: container.labels[Labels.keys.deployment] ?? "",
    generation: Number(container.labels[Labels.keys.generation] ?? 0),
    status: running ? "running" : container.status === "paused" ? "paused" : "ended",
    answers: running && behaves,
    flaky: behaviour === "flaky"
  }
}

/** Gives every snapshot an empty image, one each. */
const images = (engine: typeof FakeEngine.FakeEngine.Service) =>
  Effect.gen(function* () {
    const client = yield* DockerClient
    const builds = yield* BuildStore
    const build: (typeof ImageBuilder.Service)["build"] = ({ snapshot }) =>
      Effect.gen(function* () {
        const name = `effect-deployers/fake:${snapshot.id}`
        const known = Array.from(engine.images.values()).find(({ tags }) => tags.has(name))
        const imageId = known?.id ?? (yield* engine.addImage({ tags: [name] }))
        yield* Effect.catchTag(client.images.inspect(imageId), "ImageNotFound", Effect.die)
        const made = yield* builds.put({ snapshotId: snapshot.id, checksum: "none", image: imageId })
        return { build: made, imageId, name, sizeBytes: 0, node: "/usr/bin/node", reused: known !== undefined }
      }).pipe(
        Effect.mapError(
          ({ message }) => new EngineUnavailable({ flavor: "docker", operation: "make an image", reason: message })
        )
      )
    return { build }
  })
