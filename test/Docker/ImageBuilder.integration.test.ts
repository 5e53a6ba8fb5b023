import { posix } from "node:path"
import { FileSystem, HttpBody, HttpClient, Path } from "@effect/platform"
import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Chunk, Clock, Effect, Layer, Option, Ref, Schedule, Schema, Stream } from "effect"
import { layer as layerBundler } from "../../src/Bundle/Layer.js"
import { fromFile } from "../../src/Bundle/SnapshotFromFile.js"
import * as Containerized from "../../src/Containerized.js"
import { Manifest } from "../../src/Contract/Manifest.js"
import * as DockerClient from "../../src/Docker/DockerClient.js"
import { complete, text } from "../../src/Docker/Image/Entry.js"
import * as HostBase from "../../src/Docker/Image/HostBase.js"
import * as ImageLabels from "../../src/Docker/Image/ImageLabels.js"
import * as LayerTar from "../../src/Docker/Image/LayerTar.js"
import * as PackageFiles from "../../src/Docker/Image/PackageFiles.js"
import * as Packages from "../../src/Docker/Image/Packages.js"
import * as ImageBuilder from "../../src/Docker/ImageBuilder.js"
import * as Settings from "../../src/Settings.js"
import type { Snapshot } from "../../src/Snapshot/Model.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import * as Home from "../../src/Store/Home.js"
import * as Ids from "../../src/Store/Ids.js"
import * as Registry from "../../src/Store/Registry.js"
import * as Engine from "./Engine.js"
import { entriesOf } from "./Image/tar.js"

const layerHome = Layer.unwrapScoped(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return Home.layer(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-images-" }))
  })
)

/** A machine of its own: another home, another registry, the same engine. */
const layerMachine = Layer.mergeAll(ImageBuilder.layer(), layerBundler).pipe(
  Layer.provideMerge(Registry.layerMemory),
  Layer.provideMerge(Layer.mergeAll(layerHome, Ids.layer, NodeHttpClient.layerUndici)),
  Layer.provideMerge(Engine.client),
  Layer.provideMerge(NodeContext.layer),
  Layer.fresh
)

/** The smallest example, under a name of its own. */
const weather = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const example = yield* fs.readFileString(new URL("../../examples/weather.ts", import.meta.url).pathname)
  const root = yield* projectWith("weather")
  yield* fs.writeFileString(`${root}/weather.ts`, example.replace('make("weather"', `make("${pipelines.weather}"`))
  return `${root}/weather.ts`
})

/** It ends at its start if its own file, or an installed package with an addon, is not there. */
const weatherWithFiles = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = yield* weather
  yield* fs.writeFileString(file.replace("weather.ts", "note.txt"), "here")
  const code = `import Database from "better-sqlite3"
import { readFileSync } from "node:fs"
const note = readFileSync(new URL("./note.txt", import.meta.url), "utf8")
const rows = new Database(":memory:").prepare("select 'and here' as place").all() as Array<{ place: string }>
if (note !== "here" || rows[0]?.place !== "and here") throw new Error("something stayed behind")
`
  yield* fs.writeFileString(file, code + (yield* fs.readFileString(file)))
  return file
})

const settings = (input: Containerized.ImageSettingsInput = {}) => Schema.decode(Containerized.ImageSettings)(input)

const build = (snapshot: Snapshot, input: Containerized.ImageSettingsInput = { base: { _tag: "host" } }) =>
  Effect.gen(function* () {
    const builder = yield* ImageBuilder.ImageBuilder
    const events = yield* Ref.make<ReadonlyArray<ImageBuilder.BuildEvent>>([])
    const started = yield* Clock.currentTimeMillis
    const built = yield* builder.build({
      snapshot,
      settings: yield* settings(input),
      onProgress: (event) => Ref.update(events, (all) => [...all, event])
    })
    const millis = (yield* Clock.currentTimeMillis) - started
    return { ...built, events: yield* events, millis }
  })

const pipelines = { hello: "image-test-hello", weather: "image-test-weather" } as const

const made = Effect.flatMap(DockerClient.DockerClient, ({ images }) =>
  Effect.map(images.list({ [ImageLabels.names.role]: true }), (found) =>
    found.filter(({ labels }) => {
      const name = labels[ImageLabels.names.pipeline]
      return name === pipelines.hello || name === pipelines.weather || labels[ImageLabels.names.role] === "test"
    })
  )
)

/** Every image a test makes has a name only these tests use; they are gone at its end. */
const cleanUp = Effect.addFinalizer(() =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient.DockerClient
    yield* Effect.forEach(yield* made, ({ id }) => images.remove(id, { force: true }), { discard: true })
    assert.isEmpty(yield* made)
  }).pipe(Effect.orDie)
)

/** The base is removed too, unless another image uses it; the next build writes it again. */
const removeBase = Effect.gen(function* () {
  const { images } = yield* DockerClient.DockerClient
  const bases = yield* images.list({ [ImageLabels.names.role]: "base" })
  yield* Effect.forEach(bases, ({ tags }) => Effect.forEach(tags, (tag) => Effect.ignore(images.remove(tag))))
}).pipe(Effect.orDie)

const pipelineFile = (text: string) => `
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
export const hello = Pipeline.make("${pipelines.hello}", {
  input: Schema.Struct({}),
  output: Schema.Struct({ said: Schema.String }),
  run: () => Effect.succeed({ said: ${JSON.stringify(text)} })
})
`

const projectWith = (text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-project-" }))
    yield* fs.symlink(new URL("../../node_modules", import.meta.url).pathname, `${root}/node_modules`)
    yield* fs.writeFileString(`${root}/hello.ts`, pipelineFile(text))
    return root
  })

const manifest = (snapshot: Snapshot) =>
  Schema.encode(Schema.parseJson(Manifest))({
    formatVersion: 1,
    deployment: { id: "00000000-0000-7000-8000-000000000001", name: "weather" },
    generation: 1,
    snapshot: {
      id: snapshot.id,
      pipelineName: snapshot.pipelineName,
      version: snapshot.version,
      digest: snapshot.bundle.digest
    },
    serving: Schema.decodeSync(Settings.Serving)({}),
    listen: { host: "0.0.0.0", port: 8080, fallback: false },
    authKeyDigests: [],
    runStore: "/data/run/runs.db",
    endpointFile: "/data/run/endpoint.json"
  })

const saved = (image: string) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient.DockerClient
    const chunks = yield* Stream.runCollect(images.save(image))
    const archive = yield* entriesOf(Buffer.concat(Chunk.toReadonlyArray(chunks)))
    const layers = archive.filter(({ header }) => header.name.endsWith("layer.tar"))
    return { archive, layers: yield* Effect.forEach(layers, ({ content }) => entriesOf(content)) }
  })

/** Runs an image's Node and answers what it printed. */
const output = (image: string, command: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { containers, runScoped } = yield* DockerClient.DockerClient
    const { id } = yield* runScoped({ image, labels: testLabels, entrypoint: ["node"], command, readOnlyRoot: true })
    yield* containers.wait(id)
    const lines = yield* Stream.runCollect(containers.logs(id))
    return Chunk.toReadonlyArray(Chunk.map(lines, ({ text }) => text)).join("\n")
  })

/** The service user, or the user of the tests if files cannot change their owner. */
const served =
  process.getuid?.() === 0 ? Containerized.user : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

const testLabels = { "effect-deployers.test": "image-builder" }

/** A program that installs what is prepared in the image, since there is no registry. */
const packageManager = `#!/usr/bin/node
const fs = require("fs"), [command, ...rest] = process.argv.slice(2)
if (command === "ci") {
  const { packages } = JSON.parse(fs.readFileSync("package-lock.json"))
  for (const place of Object.keys(packages))
    if (place !== "" && fs.existsSync("/prepared/" + place)) fs.cpSync("/prepared/" + place, place, { recursive: true })
} else fs.writeFileSync("node_modules/.rebuilt", rest.join(" "))
`

const baseWithPackageManager = Effect.gen(function* () {
  const { images } = yield* DockerClient.DockerClient
  const { entries } = yield* HostBase.describe({
    program: process.execPath,
    version: process.versions.node,
    platform: process.platform,
    architecture: process.arch
  })
  const driver = yield* Effect.flatMap(Packages.storeDriver, (driver) =>
    Packages.installed("/nowhere", Option.toArray(driver))
  )
  const prepared = yield* Effect.forEach(yield* Packages.closure(driver), (one) =>
    PackageFiles.filesOf("/prepared", one)
  )
  const reference = "effect-deployers-test/base:1"
  const files = complete([...entries, ...prepared.flat(), text("/usr/bin/npm", packageManager, 0o755)])
  yield* images.import(LayerTar.archive(files), {
    tag: reference,
    changes: ["ENV PATH=/usr/bin", 'CMD ["/usr/bin/node"]', `LABEL ${ImageLabels.names.role}=test`]
  })
  return reference
})

/** Takes an archive only if every layer it names is in it. */
const loadStrictly = <E, R>(client: DockerClient.DockerClient["Type"], archive: DockerClient.Archive<E, R>) =>
  Effect.gen(function* () {
    const bytes = Buffer.concat(Chunk.toReadonlyArray(yield* Stream.runCollect(archive)))
    const entries = yield* entriesOf(bytes)
    const [{ Layers: named }] = JSON.parse(
      entries.find(({ header }) => header.name === "manifest.json")?.content.toString() ?? ""
    )
    return named.length > entries.filter(({ header }) => header.name.endsWith(".tar")).length
      ? Stream.fail(new DockerClient.ImageLoadFailed({ reason: "a layer is missing" }))
      : client.images.load(Stream.make(bytes))
  })

layer(layerMachine, { timeout: 120_000, excludeTestServices: true })("ImageBuilder", (it) => {
  it.scoped("makes the same image of the same snapshot, on any machine and from any folder, and makes it once", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const one = yield* projectWith("hello")
      const two = yield* projectWith("hello")
      const snapshot = yield* fromFile(`${one}/hello.ts`)
      const cold = yield* build(snapshot)
      const again = yield* build(snapshot)
      assert.isFalse(cold.reused)
      assert.isTrue(again.reused)
      assert.strictEqual(again.imageId, cold.imageId)
      assert.strictEqual(again.build.id, cold.build.id)
      assert.deepStrictEqual(
        again.events.map(({ _tag }) => _tag),
        ["BaseChosen", "Reused"]
      )
      const elsewhere = yield* Effect.provide(
        Effect.flatMap(fromFile(`${two}/hello.ts`), (snapshot) => build(snapshot)),
        layerMachine
      )
      assert.strictEqual(elsewhere.imageId, cold.imageId)

      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      yield* fs.makeDirectory(`${home.root}/images/.writing-killed`)
      yield* fs.utimes(`${home.root}/images/.writing-killed`, 1000, 1000)
      const { images } = yield* DockerClient.DockerClient
      yield* images.remove(cold.name, { force: true })
      yield* images.remove(cold.imageId, { force: true })
      const warm = yield* build(snapshot)
      assert.isFalse(warm.reused)
      assert.strictEqual(warm.imageId, cold.imageId)
      assert.deepStrictEqual(yield* fs.readDirectory(`${home.root}/images`), ["host-base.json"])
      yield* Effect.logDebug("figures", {
        cold: cold.millis,
        again: again.millis,
        elsewhere: elsewhere.millis,
        warm: warm.millis,
        size: cold.sizeBytes
      })
    })
  )

  it.scoped("sends only the program when only the program changed", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const fs = yield* FileSystem.FileSystem
      const root = yield* projectWith("one")
      const first = yield* build(yield* fromFile(`${root}/hello.ts`))
      yield* fs.writeFileString(`${root}/hello.ts`, pipelineFile("two"))
      const second = yield* build(yield* fromFile(`${root}/hello.ts`))
      assert.notStrictEqual(first.imageId, second.imageId)
      const sent = second.events.flatMap((event) => (event._tag === "Sending" ? [event.bytes] : []))
      assert.isBelow(
        sent.reduce((sum, bytes) => sum + bytes, 0),
        15_000_000
      )
      const { images } = yield* DockerClient.DockerClient
      const layersOf = (id: string) => Effect.map(images.inspect(id), ({ layers }) => layers)
      assert.deepStrictEqual(
        (yield* layersOf(first.imageId)).slice(0, 2),
        (yield* layersOf(second.imageId)).slice(0, 2)
      )
      yield* Effect.logDebug("figures", { first: first.millis, second: second.millis, sent })
    })
  )

  it.scoped("G21: lets nothing of the project in but what is declared", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const fs = yield* FileSystem.FileSystem
      const canary = "canary-7f3a91"
      const root = yield* projectWith("decoys")
      yield* fs.makeDirectory(`${root}/.git`)
      yield* fs.makeDirectory(`${root}/assets`)
      const decoys = [
        ".env",
        ".env.local",
        ".npmrc",
        ".git/config",
        "id_rsa",
        "server.pem",
        "notes.txt",
        "assets/declared.txt"
      ]
      for (const name of decoys) yield* fs.writeFileString(`${root}/${name}`, `${canary} ${name}`)
      yield* fs.symlink(`${root}/.env`, `${root}/link`)
      const snapshot = yield* fromFile(`${root}/hello.ts`)
      const { imageId } = yield* build(snapshot, { base: { _tag: "host" }, assets: ["assets"] })
      const { archive, layers } = yield* saved(imageId)
      const holders = layers.flat().filter(({ content }) => content.includes(canary))
      assert.deepStrictEqual(
        holders.map(({ header }) => header.name),
        ["app/assets/declared.txt"]
      )
      const described = archive
        .filter(({ header }) => /\.json$/.test(header.name))
        .map(({ content }) => content.toString())
      assert.isAbove(described.length, 1)
      for (const text of described) assert.notInclude(text, canary)
      for (const { content, header } of layers.flat()) {
        if (/app\/main\.mjs/.test(header.name)) assert.isFalse(content.includes(root), header.name)
        assert.notInclude(["link", "character-device", "block-device", "fifo"], header.type, header.name)
        if (header.type === "symlink") {
          // Links are the program's own, between its files.
          assert.match(posix.resolve(`/${posix.dirname(header.name)}`, header.linkname ?? ""), /^\/app\//)
          continue
        }
        assert.strictEqual((header.mode ?? 0) & 0o6002, header.name === "tmp" ? 0o2 : 0, header.name)
      }
      assert.isEmpty(
        layers.flat().filter(({ header }) => /(^|\/)(sh|bash|dash|busybox|npm|apt|dpkg)$/.test(header.name))
      )
      for (const decoy of [".env", ".git", "id_rsa", "server.pem", "link"]) {
        const refused = yield* Effect.flip(build(snapshot, { base: { _tag: "host" }, assets: [decoy] }))
        assert.strictEqual(refused._tag, "ImageContentRefused")
      }
      const { images } = yield* DockerClient.DockerClient
      const history = yield* images.history(imageId)
      assert.deepStrictEqual(
        history.map(({ createdBy }) => createdBy),
        ["effect-deployers: program", "effect-deployers: packages", "effect-deployers: Node and its libraries"]
      )
    })
  )

  it.scoped("serves in a hardened container, with its native packages", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const client = yield* DockerClient.DockerClient
      const snapshot = yield* fromFile(yield* weatherWithFiles)
      const built = yield* build(snapshot)
      const { gid, uid } = served
      const data = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-data-" })
      yield* fs.makeDirectory(path.join(data, "run"))
      yield* fs.writeFileString(path.join(data, "manifest.json"), yield* manifest(snapshot))
      yield* Effect.forEach([data, path.join(data, "run"), path.join(data, "manifest.json")], (file) =>
        fs.chown(file, 10001, 10001)
      )
      const started = yield* Clock.currentTimeMillis
      const container = yield* client.runScoped({
        image: built.imageId,
        labels: testLabels,
        command: ["/data/manifest.json"],
        readOnlyRoot: true,
        capDrop: ["ALL"],
        securityOptions: ["no-new-privileges"],
        user: `${uid}:${gid}`,
        init: true,
        resources: { memoryBytes: 256 << 20, memorySwapBytes: 256 << 20, pids: 128 },
        mounts: [
          { type: "tmpfs", target: "/tmp", sizeBytes: 16 << 20 },
          { type: "bind", source: data, target: "/data" }
        ],
        ports: [{ container: 8080, address: "127.0.0.1" }],
        healthcheck: {
          command: Containerized.healthCheck({ node: built.node, port: 8080, path: "/health/ready" }).slice(1),
          interval: "1 second"
        }
      })
      const http = yield* HttpClient.HttpClient
      const port = container.ports.find(({ container }) => container === 8080)?.host
      const ready = http.get(`http://127.0.0.1:${port}/health/ready`).pipe(
        Effect.filterOrFail(({ status }) => status === 200),
        Effect.retry(Schedule.spaced("25 millis")),
        Effect.timeout("15 seconds"),
        Effect.scoped,
        Effect.tapError(() =>
          Effect.flatMap(Stream.runCollect(client.containers.logs(container.id)), (lines) =>
            Effect.logError(Chunk.toReadonlyArray(lines))
          )
        )
      )
      yield* ready
      const firstAnswer = (yield* Clock.currentTimeMillis) - started
      const response = yield* http.post(`http://127.0.0.1:${port}/invoke`, {
        body: HttpBody.unsafeJson({ parameters: { city: "Paris" } })
      })
      const answer = yield* response.json
      assert.deepInclude(answer, { success: true })
      assert.isTrue(yield* fs.exists(path.join(data, "run", "runs.db")))
      const healthy = yield* client.containers.inspect(container.id).pipe(
        Effect.map(({ state }) => state.health?.status),
        Effect.repeat({ until: (status) => status === "healthy", schedule: Schedule.spaced("100 millis") }),
        Effect.timeoutOption("10 seconds")
      )
      assert.deepStrictEqual(Option.isSome(healthy), true)
      yield* client.containers.stop(container.id)
      const { state } = yield* client.containers.inspect(container.id)
      assert.strictEqual(state.exitCode, 143)
      yield* Effect.logDebug("figures", { firstAnswer, size: built.sizeBytes })
    })
  )

  it.scoped("builds on an image of the engine, with packages installed in a stage of their own", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const fs = yield* FileSystem.FileSystem
      const { images } = yield* DockerClient.DockerClient
      const reference = yield* baseWithPackageManager
      const root = yield* projectWith("on an image")
      yield* fs.writeFileString(`${root}/data.txt`, "declared")
      const snapshot = yield* fromFile(`${root}/hello.ts`)
      const base = { _tag: "image", reference } as const
      const built = yield* build(snapshot, { base, assets: ["data.txt"] })
      const image = yield* images.inspect(built.imageId)
      const from = yield* images.inspect(reference)
      assert.deepStrictEqual(image.layers.slice(0, from.layers.length), from.layers)
      assert.strictEqual(image.user, "10001:10001")
      assert.deepStrictEqual(image.entrypoint, ["node", "/app/start.mjs", "serve"])
      assert.isEmpty(image.command)
      assert.strictEqual(image.labels[ImageLabels.names.bundle], snapshot.bundle.digest)
      const looked = yield* output(built.imageId, [
        "-e",
        `const fs=require("fs");console.log(JSON.stringify([
          ["/usr/bin/npm","/app/data.txt","/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node","/app/node_modules/.rebuilt","/build"].map((path)=>fs.existsSync(path)),
          new (require("/app/node_modules/better-sqlite3"))(":memory:").prepare("SELECT 1 + 1 AS two").get().two,
          process.getuid()
        ]))`
      ])
      assert.deepStrictEqual(JSON.parse(looked), [[false, true, true, true, false], 2, 10001])
      assert.isTrue((yield* build(snapshot, { base, assets: ["data.txt"] })).reused)
      yield* fs.writeFileString(`${root}/data.txt`, "declared anew")
      assert.isFalse((yield* build(snapshot, { base, assets: ["data.txt"] })).reused)
    })
  )

  it.scoped("says what is wrong with a base image", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const snapshot = yield* fromFile(`${yield* projectWith("no base")}/hello.ts`)
      const missing = yield* Effect.flip(build(snapshot, { base: { _tag: "image", reference: "localhost:1/none:1" } }))
      assert.strictEqual(missing._tag, "BaseImageUnavailable")
      assert.include(missing.message, "The base image localhost:1/none:1 cannot be had")
      const reference = yield* baseWithPackageManager
      const broken = yield* Effect.flip(build(snapshot, { base: { _tag: "image", reference, node: "/no/node" } }))
      assert.strictEqual(broken._tag, "ImageNotBuilt")
      assert.include(broken.message, "The base must have Node 20.19.0 or newer")
    })
  )

  it.scoped("sends every layer to an engine that wants them all", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const client = yield* DockerClient.DockerClient
      const strict = Layer.succeed(DockerClient.DockerClient, {
        ...client,
        // The diagnostics do not see the type parameters of a method; the compiler does.
        // @effect-diagnostics-next-line missingEffectContext:off missingEffectError:off
        images: { ...client.images, load: (archive) => Stream.unwrap(loadStrictly(client, archive)) }
      })
      const snapshot = yield* fromFile(`${yield* projectWith("strict")}/hello.ts`)
      const whole = yield* Effect.provide(build(snapshot), Layer.provide(ImageBuilder.layer(), strict))
      const sent = whole.events.flatMap((event) => (event._tag === "Sending" ? [event.bytes > 50_000_000] : []))
      assert.deepStrictEqual(sent.slice(-2), [false, true])
      const { images } = client
      yield* images.remove(whole.imageId, { force: true })
      const parts = yield* build(snapshot)
      assert.isFalse(parts.reused)
      assert.strictEqual(parts.imageId, whole.imageId)
    })
  )

  it.scoped("says when a snapshot's images fit other settings and cannot be made here", () =>
    Effect.gen(function* () {
      yield* cleanUp
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      const builds = yield* BuildStore
      const snapshot = yield* fromFile(`${yield* projectWith("moved")}/hello.ts`)
      yield* fs.remove(`${home.bundles}/${snapshot.bundle.digest}`, { recursive: true })
      const gone = yield* Effect.flip(build(snapshot))
      assert.strictEqual(gone._tag, "ImageNotBuilt")
      assert.include(gone.message, "its bundle is not on this machine")
      yield* builds.put({ snapshotId: snapshot.id, checksum: "f".repeat(64), image: "sha256:1" })
      const mismatch = yield* Effect.flip(build(snapshot))
      assert.strictEqual(mismatch._tag, "DeploymentSnapshotMismatch", mismatch.message)
    })
  )

  it.scoped("leaves nothing in the engine", () =>
    Effect.gen(function* () {
      yield* removeBase
      const { containers } = yield* DockerClient.DockerClient
      assert.isEmpty(yield* containers.list(testLabels))
      assert.isEmpty(yield* made)
    })
  )
})
