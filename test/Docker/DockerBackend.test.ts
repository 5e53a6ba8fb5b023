import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { names } from "../../src/Bundle/Names.js"
import { FakeEngine } from "../../src/Conformance/FakeEngine.js"
import { ImageRepository } from "../../src/Containerized/ImageReference.js"
import { Manifest } from "../../src/Contract/Manifest.js"
import { OperationalState } from "../../src/Deployment.js"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import * as Labels from "../../src/Docker/Labels.js"
import type { PrepareProgress } from "../../src/Flavor/Backend.js"
import * as Home from "../../src/Store/Home.js"
import { lines } from "./DockerFakes.js"
import { backend, instance, layer, provision, request, writeCodeCache } from "./DockerRequests.js"

const live = <A, E>(
  name: string,
  test: Effect.Effect<A, E, Layer.Layer.Success<ReturnType<typeof layer>> | NodeContext.NodeContext>,
  options: Parameters<typeof layer>[0] = {}
) => it.live(name, () => Effect.provide(test, layer(options).pipe(Layer.provideMerge(NodeContext.layer))))

/** The content of the engine and of the home of the deployment. */
const leftovers = Effect.gen(function* () {
  const { containers } = yield* FakeEngine
  const { networks } = yield* DockerClient
  const fs = yield* FileSystem.FileSystem
  const home = yield* Home.Home
  const generations = `${home.deployment(instance.deploymentId)}/generations`
  return {
    containers: Array.from(containers.values(), ({ name }) => name),
    networks: (yield* networks.list({})).map(({ name }) => name),
    generations: (yield* fs.exists(generations)) ? yield* fs.readDirectory(generations) : []
  }
})

const nothing = { containers: [], networks: [], generations: [] }

const name = Labels.containerName(instance)
const started = { containers: [name], networks: [Labels.networkName(instance.deploymentId)], generations: ["1"] }

const only = Effect.gen(function* () {
  const { containers } = yield* FakeEngine
  const [container] = containers.values()
  assert.isDefined(container)
  return container
})

const deprovision = (generation = 1, grace = 0) =>
  Effect.flatMap(backend, (docker) => docker.deprovision({ ...instance, generation }, {}, { grace }))

const creating = (operation: string) => operation === "create a container"

describe("DockerBackend: starting", () => {
  live(
    "shares the memory out among workers",
    Effect.gen(function* () {
      yield* provision({ settings: { memoryBytes: 256 * 1_048_576, serving: { workers: 3 } } })
      const { spec } = yield* only
      assert.include(spec.entrypoint ?? [], "--max-old-space-size=64")
    })
  )

  live(
    "makes a container, a network and its configuration",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      const state = yield* provision({ settings: { memoryBytes: 128 * 1_048_576 } })
      assert.strictEqual(state.status, "pending")
      assert.deepStrictEqual(yield* leftovers, started)
      const { spec, status } = yield* only
      assert.strictEqual(status, "running")
      assert.deepStrictEqual(spec.entrypoint, ["/usr/bin/node", "--max-old-space-size=96", "/app/start.mjs", "serve"])
      assert.deepStrictEqual(spec.command, ["/run/effect-deployers/manifest.json"])
      const folder = `${home.deployment(instance.deploymentId)}/generations/1`
      const manifest = yield* Schema.decode(Schema.parseJson(Manifest))(
        yield* fs.readFileString(`${folder}/config/manifest.json`)
      )
      assert.deepInclude(manifest, {
        listen: { host: "0.0.0.0", port: 8_000, fallback: false },
        runStore: "/data/runs.db",
        endpointFile: "/tmp/endpoint.json"
      })
      assert.notProperty(manifest, "secretsDirectory")
      assert.strictEqual((yield* fs.stat(`${folder}/config/manifest.json`)).mode & 0o777, 0o400)
      assert.strictEqual((yield* fs.stat(`${folder}/container.json`)).mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(home.deployment(instance.deploymentId))).mode & 0o777, 0o700)
    })
  )

  live(
    "gives the code cache of the bundle, if there is one, beside the manifest",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      const config = (generation: number) =>
        `${home.deployment(instance.deploymentId)}/generations/${generation}/config`
      yield* provision()
      assert.deepStrictEqual(yield* fs.readDirectory(config(1)), ["manifest.json"])
      for (const content of ["old", "new"]) {
        yield* writeCodeCache(content)
        yield* provision({ generation: 2, secrets: { TOKEN: content } })
        assert.strictEqual(yield* fs.readFileString(`${config(2)}/${names.codeCache}`), content)
        assert.strictEqual((yield* fs.stat(`${config(2)}/${names.codeCache}`)).mode & 0o777, 0o400)
      }
    })
  )

  live(
    "gives secrets as files, and says nothing of them to the engine",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      yield* provision({ secrets: { TOKEN: "s3cret-value" } })
      const { labels, spec } = yield* only
      const mount = spec.mounts?.find(({ target }) => target === "/run/secrets")
      assert.deepInclude(mount, { type: "bind", readOnly: true })
      const folder = mount?.type === "bind" ? mount.source : ""
      assert.strictEqual(yield* fs.readFileString(`${folder}/TOKEN`), "s3cret-value")
      assert.strictEqual((yield* fs.stat(`${folder}/TOKEN`)).mode & 0o777, 0o400)
      assert.notInclude(JSON.stringify([labels, spec]), "s3cret-value")
    })
  )

  live(
    "adopts what an interrupted attempt at the same left, and replaces what is not the same",
    Effect.gen(function* () {
      const first = yield* provision({ secrets: { TOKEN: "one" } })
      const same = yield* provision({ secrets: { TOKEN: "one" } })
      assert.strictEqual(same.metadata["containerId"], first.metadata["containerId"])
      const other = yield* provision({ secrets: { TOKEN: "two" } })
      assert.notStrictEqual(other.metadata["containerId"], first.metadata["containerId"])
      assert.deepStrictEqual(yield* leftovers, started)
    })
  )

  live(
    "makes exactly one container however often the reply to its making is lost",
    Effect.gen(function* () {
      const { loseReply } = yield* FakeEngine
      for (let attempt = 0; attempt < 50; attempt++) {
        yield* loseReply(creating)
        assert.strictEqual(
          (yield* provision({ settings: { environment: { ATTEMPT: `${attempt}` } } })).status,
          "pending"
        )
        assert.deepStrictEqual(yield* leftovers, started)
      }
      yield* deprovision()
      assert.deepStrictEqual(yield* leftovers, nothing)
    })
  )

  live(
    "starts it although the reply to its start is lost",
    Effect.gen(function* () {
      const { loseReply } = yield* FakeEngine
      yield* loseReply((operation) => operation === "start a container")
      yield* provision()
      assert.strictEqual((yield* only).status, "running")
    })
  )

  live(
    "leaves a foreign container and a foreign network of its name alone",
    Effect.gen(function* () {
      const { containers, networks } = yield* DockerClient
      const { addImage } = yield* FakeEngine
      const image = yield* addImage({})
      const foreign = yield* containers.create({ name, image, labels: {} })
      const error = yield* Effect.flip(provision())
      assert.strictEqual(error._tag, "ResourceNotOwned")
      assert.strictEqual((yield* containers.inspect(foreign)).state.status, "created")
      yield* deprovision()
      assert.strictEqual((yield* containers.inspect(foreign)).id, foreign)
      yield* containers.remove(foreign)
      const network = yield* networks.create({ name: Labels.networkName(instance.deploymentId), labels: {} })
      assert.strictEqual((yield* Effect.flip(provision()))._tag, "ResourceNotOwned")
      yield* deprovision()
      assert.strictEqual((yield* networks.inspect(network)).id, network)
    })
  )

  live(
    "fails typed when its fixed port is taken, and leaves nothing",
    Effect.gen(function* () {
      const { occupy } = yield* FakeEngine
      yield* occupy(25_000)
      const error = yield* Effect.flip(provision({ settings: { port: 25_000 } }))
      assert.deepInclude(error, { _tag: "PortUnavailable", port: 25_000 })
      assert.deepStrictEqual(yield* leftovers, nothing)
    })
  )

  live(
    "keeps the last port, passes over one that is taken, and one that turns out to be",
    Effect.gen(function* () {
      const { occupy } = yield* FakeEngine
      const settings = { portRange: { from: 25_000, to: 25_003 } }
      const kept = yield* provision({ settings, previous: { port: 24_000 } })
      assert.strictEqual(kept.metadata["port"], 24_000)
      yield* deprovision()
      for (const port of [25_000, 25_001]) yield* occupy(port)
      const chosen = yield* provision({ settings, previous: { port: 25_002 } })
      assert.strictEqual(chosen.metadata["port"], 25_003)
      assert.deepStrictEqual(yield* leftovers, started)
      yield* deprovision()
      yield* occupy(25_003)
      const error = yield* Effect.flip(provision({ settings }))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, "portRange")
      assert.deepStrictEqual(yield* leftovers, nothing)
    }),
    { takenPorts: [25_002] }
  )

  live(
    "leaves nothing of what cannot be started",
    Effect.gen(function* () {
      const { behave } = yield* FakeEngine
      yield* behave(() => ({ startable: false }))
      const error = yield* Effect.flip(provision())
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, "no such file")
      assert.deepStrictEqual(yield* leftovers, nothing)
    })
  )

  live(
    "joins a network that exists, and says when there is none",
    Effect.gen(function* () {
      const { networks } = yield* DockerClient
      const error = yield* Effect.flip(provision({ settings: { network: "shared" } }))
      assert.include(error.message, 'there is no network "shared"')
      yield* networks.create({ name: "shared", labels: {} })
      yield* provision({ settings: { network: "shared" } })
      assert.strictEqual((yield* only).spec.network, "shared")
      yield* deprovision()
      assert.deepStrictEqual((yield* leftovers).networks, ["shared"])
    })
  )

  live(
    "builds again when the image it was given is gone",
    Effect.gen(function* () {
      yield* provision({ prepared: { imageId: "sha256:gone", node: "/usr/bin/node" } })
      assert.strictEqual((yield* only).status, "running")
    })
  )

  live(
    "reports the build of an image once, and not an existing image",
    Effect.gen(function* () {
      const docker = yield* backend
      const told: Array<string> = []
      const prepare = Effect.flatMap(request(), (made) =>
        docker.prepare === undefined
          ? Effect.dieMessage("no preparation")
          : docker.prepare(made, (type) => Effect.sync(() => told.push(type)))
      )
      const prepared = yield* prepare
      assert.property(prepared, "imageId")
      assert.deepStrictEqual(told, ["image_building", "image_built"])
      assert.deepStrictEqual(yield* prepare, prepared)
      assert.strictEqual(told.length, 2)
    })
  )

  live(
    "pushes the image of a deployment with a repository once, and runs the image by digest",
    Effect.gen(function* () {
      const docker = yield* backend
      const types: Array<string> = []
      const messages: Array<unknown> = []
      const made = yield* request()
      const pushed = { ...made, settings: { ...made.settings, imageRepository: ImageRepository.make("team/app") } }
      const { prepare } = docker
      if (prepare === undefined) return yield* Effect.dieMessage("no preparation")
      const report: PrepareProgress = (type, data) =>
        Effect.sync(() => {
          types.push(type)
          messages.push(data["message"])
        })
      const prepared = yield* prepare(pushed, report)
      const reference = prepared["reference"]
      assert.match(String(reference), /^team\/app@sha256:/)
      assert.deepStrictEqual(types, ["image_building", "image_built", "image_pushing", "image_pushed"])
      assert.strictEqual(messages.at(-1), reference)
      yield* docker.provision({ ...pushed, prepared })
      assert.strictEqual((yield* only).spec.image, reference)
      yield* prepare(pushed, report)
      assert.strictEqual(types.length, 4)
    })
  )
})

describe("DockerBackend: observing", () => {
  const observe = (metadata: Readonly<Record<string, unknown>> = {}) =>
    Effect.flatMap(backend, ({ state }) => state(instance, metadata))

  live(
    "is absent where nothing is, and running where it listens",
    Effect.gen(function* () {
      assert.strictEqual((yield* observe()).status, "absent")
      const { metadata } = yield* provision()
      const seen = yield* observe(metadata)
      assert.strictEqual(seen.status, "running")
      assert.strictEqual(seen.url, `http://127.0.0.1:${metadata["port"]}`)
      assert.notProperty(seen.metadata, "starting")
    })
  )

  live(
    "is never absent because the engine cannot be asked, or because it is another one",
    Effect.gen(function* () {
      const { setReachable } = yield* FakeEngine
      const { metadata } = yield* provision()
      yield* setReachable(false)
      assert.strictEqual((yield* Effect.flip(observe(metadata)))._tag, "EngineUnavailable")
      assert.strictEqual((yield* Effect.flip(provision({ generation: 2 })))._tag, "EngineUnavailable")
      assert.strictEqual((yield* Effect.flip(deprovision()))._tag, "EngineUnavailable")
      yield* setReachable(true)
      yield* Effect.flatMap(DockerClient, ({ containers }) => containers.remove(name, { force: true }))
      assert.strictEqual((yield* observe(metadata)).status, "absent")
      const elsewhere = yield* Effect.flip(observe({ ...metadata, engineId: "another-engine" }))
      assert.strictEqual(elsewhere._tag, "EngineUnavailable")
      assert.include(elsewhere.reason, "another-engine")
      const docker = yield* backend
      const error = yield* Effect.flip(
        docker.deprovision(instance, { ...metadata, engineId: "another-engine" }, { grace: 0 })
      )
      assert.strictEqual(error._tag, "EngineUnavailable")
      assert.deepStrictEqual((yield* leftovers).generations, ["1"])
    })
  )

  live(
    "does not take a container for its own that only has its name, or only some of its labels",
    Effect.gen(function* () {
      const { containers } = yield* DockerClient
      const { addImage } = yield* FakeEngine
      const image = yield* addImage({})
      yield* containers.create({ name, image, labels: { [Labels.keys.deployment]: instance.deploymentId } })
      assert.strictEqual((yield* observe()).status, "absent")
    })
  )

  live(
    "shows the exit of a failed start although the engine restarted it",
    Effect.gen(function* () {
      const { behave, crash } = yield* FakeEngine
      const { metadata } = yield* provision()
      yield* crash(name, 70)
      const failed = yield* observe(metadata)
      assert.strictEqual(failed.status, "error")
      assert.include(failed.reason ?? "", "exit code 70")
      yield* behave(() => ({ exit: { code: 1 } }))
      const { starting: _, ...known } = metadata
      yield* crash(name, 1)
      assert.strictEqual((yield* observe(known)).status, "pending")
    })
  )

  live(
    "finds it running again after the engine was killed",
    Effect.gen(function* () {
      const { restart } = yield* FakeEngine
      const { metadata } = yield* provision()
      const { url } = yield* observe(metadata)
      yield* restart("SIGKILL")
      const seen = yield* observe({ ...metadata, starting: false })
      assert.deepStrictEqual([seen.status, seen.url], ["running", url])
    })
  )

  live(
    "reads the log, and says when there is none",
    Effect.gen(function* () {
      const { write } = yield* FakeEngine
      const docker = yield* backend
      const missing = yield* Effect.flip(lines(docker.logs(instance, {})))
      assert.strictEqual(missing._tag, "DeploymentLogsNotFound")
      yield* provision()
      yield* write(name, '{"message":"one"}')
      yield* write(name, "two", "stderr")
      assert.deepStrictEqual(yield* lines(docker.logs(instance, {})), ['{"message":"one"}', "two"])
      assert.deepStrictEqual(yield* lines(docker.logs(instance, { tail: 1 })), ["two"])
    })
  )
})

describe("DockerBackend: ending", () => {
  live(
    "keeps the data and the other generation, then removes everything",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      const folder = home.deployment(instance.deploymentId)
      yield* provision()
      yield* provision({ generation: 2 })
      yield* deprovision(1)
      const second = Labels.containerName({ ...instance, generation: 2 })
      assert.deepStrictEqual(yield* leftovers, { ...started, containers: [second], generations: ["2"] })
      yield* fs.writeFileString(`${folder}/data/runs.db`, "runs")
      yield* deprovision(2)
      yield* deprovision(2)
      assert.deepStrictEqual(yield* leftovers, nothing)
      assert.strictEqual(yield* fs.readFileString(`${folder}/data/runs.db`), "runs")
      yield* provision({ generation: 3, secrets: { TOKEN: "one" } })
      const docker = yield* backend
      yield* docker.destroy(instance)
      yield* docker.destroy(instance)
      assert.isFalse(yield* fs.exists(folder))
      assert.deepStrictEqual((yield* leftovers).containers, [])
      assert.deepStrictEqual((yield* leftovers).networks, [])
    })
  )

  live(
    "asks it to stop first, and asks again when the reply is lost",
    Effect.gen(function* () {
      const { loseReply, operations } = yield* FakeEngine
      yield* provision()
      yield* loseReply((operation) => operation === "remove a container")
      yield* deprovision(1, 5_000)
      assert.include(operations, "stop a container")
      assert.deepStrictEqual(yield* leftovers, nothing)
    })
  )

  live(
    "removes a container that was renamed",
    Effect.gen(function* () {
      const { containers } = yield* DockerClient
      const { labels, spec } = yield* Effect.zipRight(provision(), only)
      yield* containers.remove(name, { force: true })
      const containerId = yield* containers.create({ ...spec, name: "renamed", labels })
      const { deprovision } = yield* backend
      yield* deprovision(instance, { containerId }, { grace: 0 })
      assert.deepStrictEqual((yield* leftovers).containers, [])
    })
  )

  live(
    "leaves a foreign container with our labels alone",
    Effect.gen(function* () {
      const { containers } = yield* DockerClient
      const { inventory, state } = yield* backend
      const { labels, spec } = yield* Effect.zipRight(provision(), only)
      yield* containers.create({ ...spec, name: "a-copy", labels })
      assert.lengthOf(
        (yield* inventory).found.filter(({ resource }) => resource.startsWith("container")),
        1
      )
      yield* deprovision()
      assert.deepStrictEqual((yield* leftovers).containers, ["a-copy"])
      assert.strictEqual((yield* state(instance, {})).status, "absent")
      assert.lengthOf(
        (yield* inventory).found.filter(({ resource }) => resource.startsWith("container")),
        0
      )
    })
  )
})

describe("DockerBackend: changing", () => {
  live(
    "needs the old one to stop only when both need the same port",
    Effect.gen(function* () {
      const { exclusive } = yield* backend
      const old = new OperationalState({ status: "running", metadata: { port: 25_000 } })
      const settings = (port?: number) =>
        Effect.map(request(port === undefined ? {} : { settings: { port } }), (made) => made.settings)
      assert.isTrue(exclusive(old, yield* settings(25_000)))
      assert.isFalse(exclusive(old, yield* settings(25_001)))
      assert.isFalse(exclusive(old, yield* settings()))
    })
  )
})
