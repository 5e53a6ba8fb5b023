import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { names } from "../../../../src/Bundle/Names.js"
import { FakeEngine } from "../../../../src/Conformance/FakeEngine.js"
import { Manifest } from "../../../../src/Contract/Manifest.js"
import * as DockerBackend from "../../../../src/Docker/DockerBackend.js"
import { DockerClient } from "../../../../src/Docker/DockerClient.js"
import * as Labels from "../../../../src/Docker/Labels.js"
import * as Home from "../../../../src/Store/Home.js"
import { elsewhere } from "../../DockerFakes.js"
import {
  backend,
  instance,
  layer,
  provision as provisionWith,
  type RequestOptions,
  request,
  writeCodeCache
} from "../../DockerRequests.js"

const live = <A, E>(
  name: string,
  test: Effect.Effect<A, E, Layer.Layer.Success<ReturnType<typeof layer>> | NodeContext.NodeContext>,
  options: Parameters<typeof layer>[0] = { host: elsewhere }
) => it.live(name, () => Effect.provide(test, layer(options).pipe(Layer.provideMerge(NodeContext.layer))))

const provision = ({ settings, ...options }: RequestOptions = {}) =>
  provisionWith({ ...options, settings: { address: "0.0.0.0", ...settings } })

const deprovision = (generation = 1) =>
  Effect.flatMap(backend, (docker) => docker.deprovision({ ...instance, generation }, {}, { grace: 0 }))

const destroy = Effect.flatMap(backend, (docker) => docker.destroy(instance))

const volumeName = (purpose: string) => Labels.volumeName(instance.deploymentId, purpose)

/** The content of the engine. */
const census = Effect.gen(function* () {
  const { containers, volumes } = yield* FakeEngine
  const { networks } = yield* DockerClient
  return {
    containers: Array.from(containers.values(), ({ name }) => name),
    networks: (yield* networks.list({})).map(({ name }) => name),
    volumes: Array.from(volumes.keys()).sort()
  }
})

const nothing = { containers: [], networks: [], volumes: [] }

const service = Effect.gen(function* () {
  const { containers } = yield* FakeEngine
  const found = Array.from(containers.values()).find(({ name }) => name === Labels.containerName(instance))
  assert.isDefined(found)
  return found
})

describe("Files for an engine of another machine", () => {
  live(
    "go in volumes that only the service's user can read, through a container that never runs and is not left",
    Effect.gen(function* () {
      const { operations, volumes } = yield* FakeEngine
      yield* writeCodeCache("compiled")
      const state = yield* provision({ secrets: { TOKEN: "s3cret-value" } })
      assert.strictEqual(state.status, "pending")
      assert.deepStrictEqual(yield* census, {
        containers: [Labels.containerName(instance)],
        networks: [Labels.networkName(instance.deploymentId)],
        volumes: [volumeName("1-config"), volumeName("1-secrets"), volumeName("data")]
      })
      const { labels, spec } = yield* service
      assert.strictEqual(spec.user, "10001:10001")
      const mounts = (spec.mounts ?? []).filter(({ type }) => type !== "tmpfs")
      const mount = (purpose: string, target: string, readOnly: boolean) => ({
        type: "volume" as const,
        source: volumeName(purpose),
        target,
        readOnly,
        copy: false
      })
      assert.deepStrictEqual(mounts, [
        mount("data", "/data", false),
        mount("1-config", "/run/effect-deployers", true),
        mount("1-secrets", "/run/secrets", true)
      ])
      const shown = (purpose: string) =>
        Array.from(volumes.get(volumeName(purpose))?.files.values() ?? [], ({ gid, mode, path, uid }) => [
          path,
          mode.toString(8),
          uid,
          gid
        ])
      assert.deepStrictEqual(shown("data"), [
        [".", "700", 10_001, 10_001],
        ["intake.json", "600", 10_001, 10_001]
      ])
      assert.deepStrictEqual(shown("1-config"), [
        [".", "500", 10_001, 10_001],
        ["manifest.json", "400", 10_001, 10_001],
        [names.codeCache, "400", 10_001, 10_001]
      ])
      const cached = volumes.get(volumeName("1-config"))?.files.get(names.codeCache)?.content
      assert.strictEqual(Buffer.from(cached ?? []).toString(), "compiled")
      assert.deepStrictEqual(shown("1-secrets"), [
        [".", "500", 10_001, 10_001],
        ["TOKEN", "400", 10_001, 10_001]
      ])
      const secret = volumes.get(volumeName("1-secrets"))?.files.get("TOKEN")?.content
      assert.strictEqual(Buffer.from(secret ?? []).toString(), "s3cret-value")
      const configured = volumes.get(volumeName("1-config"))?.files.get("manifest.json")?.content
      const manifest = yield* Schema.decode(Schema.parseJson(Manifest))(Buffer.from(configured ?? []).toString())
      assert.strictEqual(manifest.secretsDirectory, "/run/secrets")
      assert.notInclude(JSON.stringify([labels, spec, Array.from(volumes.values())]), "s3cret-value")
      assert.strictEqual(operations.filter((operation) => operation === "start a container").length, 1)
    })
  )

  live(
    "leave nothing of themselves in the home but what is written down about them",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      yield* provision({ secrets: { TOKEN: "s3cret-value" } })
      const left = yield* fs.readDirectory(home.deployment(instance.deploymentId), { recursive: true })
      assert.deepStrictEqual(left.sort(), [
        "data-volume.json",
        "generations",
        "generations/1",
        "generations/1/container.json",
        "generations/1/revision.json"
      ])
    })
  )

  live(
    "are removed with their generation; the data with its deployment",
    Effect.gen(function* () {
      const home = yield* Home.Home
      const fs = yield* FileSystem.FileSystem
      yield* provision({ secrets: { TOKEN: "one" } })
      yield* provision({ generation: 2, secrets: { TOKEN: "two" } })
      assert.lengthOf((yield* census).volumes, 5)
      yield* deprovision(1)
      assert.deepStrictEqual((yield* census).volumes, [
        volumeName("2-config"),
        volumeName("2-secrets"),
        volumeName("data")
      ])
      yield* deprovision(2)
      yield* deprovision(2)
      assert.deepStrictEqual(yield* census, { ...nothing, volumes: [volumeName("data")] })
      yield* destroy
      yield* destroy
      assert.deepStrictEqual(yield* census, nothing)
      assert.isFalse(yield* fs.exists(home.deployment(instance.deploymentId)))
    })
  )

  live(
    "arrive although any one answer is lost, and are gone after a start that fails",
    Effect.gen(function* () {
      const { behave, loseReply, volumes } = yield* FakeEngine
      for (const operation of [
        "create a volume",
        "create a container",
        "copy files into a container",
        "remove a container"
      ]) {
        yield* loseReply((asked) => asked === operation)
        yield* provision({ secrets: { TOKEN: operation } })
        const secret = volumes.get(volumeName("1-secrets"))?.files.get("TOKEN")?.content
        assert.strictEqual(Buffer.from(secret ?? []).toString(), operation)
        assert.deepStrictEqual((yield* census).containers, [Labels.containerName(instance)])
      }
      yield* deprovision()
      yield* loseReply((asked) => asked === "remove a volume")
      yield* behave(() => ({ startable: false }))
      assert.strictEqual((yield* Effect.flip(provision()))._tag, "DeploymentProvisionFailed")
      assert.deepStrictEqual(yield* census, { ...nothing, volumes: [volumeName("data")] })
    })
  )

  live(
    "do not go into a foreign volume, nor through a foreign container, of their names",
    Effect.gen(function* () {
      const { addImage, volumes } = yield* FakeEngine
      const docker = yield* DockerClient
      for (const purpose of ["data", "1-config", "1-secrets"]) {
        yield* docker.volumes.create({ name: volumeName(purpose), labels: { somebody: "else" } })
        const error = yield* Effect.flip(provision({ secrets: { TOKEN: "s3cret-value" } }))
        assert.strictEqual(error._tag, "ResourceNotOwned")
        assert.include(error.message, volumeName(purpose))
        assert.strictEqual(volumes.get(volumeName(purpose))?.files.size, 0)
        yield* deprovision()
        assert.isTrue(volumes.has(volumeName(purpose)))
        yield* docker.volumes.remove(volumeName(purpose))
      }
      const image = yield* addImage({})
      const name = Labels.fillerName(instance)
      const foreign = yield* docker.containers.create({ name, image, labels: {} })
      const error = yield* Effect.flip(provision())
      assert.strictEqual(error._tag, "ResourceNotOwned")
      assert.include(error.message, name)
      assert.strictEqual((yield* docker.containers.inspect(foreign)).state.status, "created")
    })
  )

  live(
    "are removed, and not a volume that only copies their labels",
    Effect.gen(function* () {
      const { volumes } = yield* FakeEngine
      const docker = yield* DockerClient
      yield* provision()
      const labels = volumes.get(volumeName("1-config"))?.labels ?? {}
      yield* docker.volumes.create({ name: "backup", labels })
      const { inventory } = yield* backend
      assert.notInclude(
        (yield* inventory).found.map(({ resource }) => resource),
        "volume backup"
      )
      yield* deprovision()
      yield* destroy
      assert.deepStrictEqual(yield* census, { ...nothing, volumes: ["backup"] })
    })
  )

  live(
    "are found and removed when the process that wrote them ended in between",
    Effect.gen(function* () {
      const { addImage } = yield* FakeEngine
      const docker = yield* DockerClient
      const { registryId } = yield* request()
      const { labels } = yield* Effect.zipRight(provision(), service)
      yield* docker.containers.remove(Labels.containerName(instance), { force: true })
      yield* docker.containers.create({
        name: Labels.fillerName(instance),
        image: yield* addImage({}),
        labels: { ...labels, ...Labels.filler },
        mounts: [{ type: "volume", source: volumeName("data"), target: "/somewhere" }]
      })
      const { inventory, state } = yield* backend
      assert.strictEqual((yield* state(instance, {})).status, "absent")
      const { found } = yield* inventory
      assert.deepStrictEqual(found.map(({ generation, resource }) => `${generation} ${resource}`).sort(), [
        `0 network ${Labels.networkName(instance.deploymentId)}`,
        `0 volume ${volumeName("data")}`,
        `1 container ${Labels.fillerName(instance)}`,
        `1 volume ${volumeName("1-config")}`
      ])
      assert.isTrue(found.every((one) => one.registryId === registryId && one.atHome))
      yield* deprovision()
      yield* destroy
      assert.deepStrictEqual(yield* census, nothing)
    })
  )

  live(
    "stay with the engine that has the data",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      yield* provision()
      yield* deprovision()
      const known = `${home.deployment(instance.deploymentId)}/data-volume.json`
      yield* fs.writeFileString(known, JSON.stringify({ engineId: "another-engine", volume: volumeName("data") }))
      const refused = yield* Effect.flip(provision({ generation: 2 }))
      assert.strictEqual(refused._tag, "DeploymentProvisionFailed")
      assert.include(refused.message, "another-engine")
      const error = yield* Effect.flip(destroy)
      assert.strictEqual(error._tag, "EngineUnavailable")
      assert.deepStrictEqual((yield* census).volumes, [volumeName("data")])
    })
  )

  live(
    "say which container still uses the data",
    Effect.gen(function* () {
      const { addImage } = yield* FakeEngine
      const { containers } = yield* DockerClient
      yield* provision()
      yield* deprovision()
      const mounts = [{ type: "volume" as const, source: volumeName("data"), target: "/backup" }]
      const user = yield* containers.create({ image: yield* addImage({}), labels: {}, mounts })
      const error = yield* Effect.flip(destroy)
      assert.strictEqual(error._tag, "DeploymentDeprovisionFailed")
      assert.include(error.message, volumeName("data"))
      yield* containers.remove(user)
      yield* destroy
      assert.deepStrictEqual(yield* census, nothing)
    })
  )

  live(
    "belong to the same user of the engine's machine for every deployer",
    Effect.gen(function* () {
      const { volumes } = yield* FakeEngine
      const docker = yield* DockerBackend.make({ secretsFolders: [], us: { uid: 1_000, gid: 1_000 } })
      yield* docker.provision(yield* request({ settings: { address: "0.0.0.0" }, secrets: { TOKEN: "one" } }))
      assert.strictEqual((yield* service).spec.user, "10001:10001")
      const files = Array.from(volumes.values()).flatMap((volume) => Array.from(volume.files.values()))
      assert.deepStrictEqual(Array.from(new Set(files.map(({ gid, uid }) => `${uid}:${gid}`))), ["10001:10001"])
    })
  )

  live(
    "go in volumes of an engine of this machine too, where that is said",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const docker = yield* DockerBackend.make({ secretsFolders: [], files: "volumes" })
      yield* docker.provision(yield* request())
      assert.deepStrictEqual((yield* census).volumes, [volumeName("1-config"), volumeName("data")])
      assert.strictEqual((yield* service).spec.ports?.[0]?.address, "127.0.0.1")
      // Where the data is counts more than what is said later.
      yield* provisionWith({ generation: 2 })
      assert.include((yield* census).volumes, volumeName("2-config"))
      const link = `${yield* fs.makeTempDirectoryScoped()}/link`
      yield* fs.symlink("/etc", link)
      const volumes = [{ _tag: "bind" as const, source: link, target: "/models" }]
      assert.include((yield* Effect.flip(provisionWith({ generation: 3, settings: { volumes } }))).message, "/etc")
    }).pipe(Effect.scoped),
    {}
  )
})

describe("A deployment to an engine of another machine", () => {
  for (const address of ["127.0.0.1", "127.1.2.3", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"]) {
    live(
      `is refused before anything is made when it would be published at ${address}`,
      Effect.gen(function* () {
        const { operations } = yield* FakeEngine
        const docker = yield* backend
        const wanted = yield* request({ settings: { address } })
        const prepared = docker.prepare?.(wanted, () => Effect.void) ?? Effect.dieMessage("no preparation")
        for (const error of [yield* Effect.flip(prepared), yield* Effect.flip(docker.provision(wanted))]) {
          assert.strictEqual(error._tag, "DeploymentProvisionFailed")
          assert.include(error.message, "tcp://engine.example:2376 is another machine")
          assert.include(error.message, "set address to one of its addresses")
        }
        assert.deepStrictEqual(yield* census, nothing)
        assert.notInclude(operations, "create a container")
      })
    )
  }

  live(
    "is called by the name under which the engine is reached",
    Effect.gen(function* () {
      const { metadata } = yield* provision()
      const { state } = yield* backend
      assert.strictEqual((yield* state(instance, metadata)).url, `http://engine.example:${metadata["port"]}`)
    })
  )

  live(
    "may see folders of that machine, which cannot be looked at from here",
    Effect.gen(function* () {
      yield* provision({ settings: { volumes: [{ _tag: "bind", source: "/srv/only-there", target: "/models" }] } })
      const { spec } = yield* service
      assert.deepInclude(spec.mounts ?? [], {
        type: "bind",
        source: "/srv/only-there",
        target: "/models",
        readOnly: true
      })
    })
  )
})
