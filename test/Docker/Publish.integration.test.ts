import { randomBytes } from "node:crypto"
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { buffer } from "node:stream/consumers"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { pack } from "tar-stream"
import { ensure, startElsewhere } from "../../scripts/engine.mjs"
import * as Registry from "../../scripts/registry.mjs"
import { layer as layerBundler } from "../../src/Bundle/Layer.js"
import { fromFile } from "../../src/Bundle/SnapshotFromFile.js"
import { ImageReference, ImageRepository } from "../../src/Containerized/ImageReference.js"
import { ImageSettings } from "../../src/Containerized/ImageSettings.js"
import { DockerClient, layer as layerClient } from "../../src/Docker/DockerClient.js"
import * as Publish from "../../src/Docker/Image/Publish.js"
import type { BuildEvent } from "../../src/Docker/ImageBuilder.js"
import * as ImageBuilder from "../../src/Docker/ImageBuilder.js"
import * as Ports from "../../src/Flavor/Ports.js"
import * as Home from "../../src/Store/Home.js"
import * as Ids from "../../src/Store/Ids.js"
import * as RegistryStores from "../../src/Store/Registry.js"

const account = { name: "robot", password: "pass:word" }
const say = (text: string) => void process.stderr.write(`${text}\n`)

const started = (options: Parameters<typeof Registry.start>[0] = {}) =>
  Effect.acquireRelease(
    Effect.promise(() => Registry.start({ say, ...options })),
    ({ stop }) => Effect.promise(stop)
  )

const folder = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "effect-deployers-" })
)

/** The folder of a configuration of the Docker command line. */
const configured = (configuration: object) =>
  Effect.tap(folder, (at) => Effect.sync(() => writeFileSync(join(at, "config.json"), JSON.stringify(configuration))))

const clientAt = (host: string, configuration: string) =>
  layerClient({ host, configuration }).pipe(Layer.provide(Ports.layer), Layer.provide(NodeContext.layer))

/** A client of the engine of the tests with a configuration of the Docker command line. */
const signedIn = (configuration: object) =>
  Effect.gen(function* () {
    const { host } = yield* Effect.promise(() => ensure({ say }))
    return clientAt(host, yield* configured(configuration))
  })

/** Makes the engines of this machine trust the authority of a registry. */
const trusted = (host: string, authority = "") =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const at = `/etc/docker/certs.d/${host}`
      mkdirSync(at, { recursive: true })
      writeFileSync(join(at, "ca.crt"), authority)
      return at
    }),
    (at) => Effect.sync(() => rmSync(at, { recursive: true }))
  )

const layerMachine = layerBundler.pipe(
  Layer.provideMerge(RegistryStores.layerMemory),
  Layer.provideMerge(Layer.merge(Layer.unwrapScoped(Effect.map(folder, (at) => Home.layer(at))), Ids.layer)),
  Layer.provideMerge(NodeContext.layer)
)

const pipelineFile = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const root = yield* Effect.flatMap(folder, fs.realPath)
  yield* fs.symlink(new URL("../../node_modules", import.meta.url).pathname, `${root}/node_modules`)
  const example = yield* fs.readFileString(new URL("../../examples/weather.ts", import.meta.url).pathname)
  yield* fs.writeFileString(`${root}/weather.ts`, example.replace('make("weather"', 'make("image-test-published"'))
  return `${root}/weather.ts`
})

const withAuth = (host: string, { name, password } = account) => ({
  auths: { [host]: { auth: Buffer.from(`${name}:${password}`).toString("base64") } }
})

/** An image of one small file, which no other image has, under a name of its own. All of its names go at the end. */
const image = Effect.gen(function* () {
  const { images } = yield* DockerClient
  const archive = pack()
  archive.entry({ name: "some" }, randomBytes(20_000))
  archive.finalize()
  const name = `effect-deployers/published:${randomBytes(6).toString("hex")}`
  const id = yield* images.import(Stream.make(yield* Effect.promise(() => buffer(archive))), { tag: name })
  yield* Effect.addFinalizer(() => Effect.ignore(images.remove(id, { force: true })))
  return { id, name }
})

const publish = (
  repository: string,
  { id, name }: { readonly id: string; readonly name: string },
  known?: ImageReference
) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const events: Array<BuildEvent["_tag"]> = []
    const reference = yield* Publish.publish({
      image: yield* images.inspect(id),
      name,
      repository: ImageRepository.make(repository),
      known: Option.fromNullable(known),
      report: ({ _tag }) => Effect.sync(() => void (events.includes(_tag) || events.push(_tag)))
    })
    return { reference, events }
  })

const pushes = ["Pushing", "RegistrySaid", "Pushed"]

layer(NodeContext.layer, { excludeTestServices: true, timeout: "2 minutes" })("An image that is published", (it) => {
  it.scoped("is pushed once, has a digest, and is pushed again when its registry lost it", () =>
    Effect.gen(function* () {
      const { host } = yield* started()
      const repository = `${host}/team/app`
      yield* Effect.gen(function* () {
        const { images } = yield* DockerClient
        const made = yield* image
        const first = yield* publish(repository, made)
        assert.deepStrictEqual(first.events, pushes)
        assert.match(first.reference, new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`))
        assert.include((yield* images.inspect(made.id)).digests, first.reference)
        // With and without a record of the push.
        assert.deepStrictEqual(yield* publish(repository, made), { ...first, events: [] })
        assert.deepStrictEqual(yield* publish(repository, made, first.reference), { ...first, events: [] })
        const [, digest] = first.reference.split("@")
        yield* Effect.promise(() => fetch(`http://${host}/v2/team/app/manifests/${digest}`, { method: "DELETE" }))
        assert.deepStrictEqual(yield* publish(repository, made, first.reference), first)
        yield* images.remove(made.id, { force: true })
        const pulled = yield* Publish.fetch(first.reference, () => Effect.void)
        assert.strictEqual(Option.getOrUndefined(pulled)?.id, made.id)
      }).pipe(Effect.provide(yield* signedIn({})))
    })
  )

  it.scoped("needs the credentials of its registry", () =>
    Effect.gen(function* () {
      const { host } = yield* started({ account })
      const repository = `${host}/team/app`
      const refused = (configuration: object) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(publish(repository, yield* image))
          assert.strictEqual(error._tag, "ImageNotPushed")
          return error.message
        }).pipe(Effect.provide(Layer.unwrapEffect(signedIn(configuration))), Effect.scoped)
      const signIn = `docker login ${host}`
      assert.include(yield* refused({}), signIn)
      const wrong = yield* refused(withAuth(host, { ...account, password: "secret-of-another" }))
      assert.include(wrong, signIn)
      assert.include(wrong, "imageRepository")
      assert.notInclude(wrong, "secret-of-another")
      const broken = { credsStore: "that-is-missing" }
      assert.include(yield* refused(broken), "docker-credential-that-is-missing")
      const { images } = yield* Effect.provide(DockerClient, yield* signedIn(broken))
      const unpulled = yield* Effect.flip(Stream.runDrain(images.pull(`${repository}:1`)))
      assert.include(unpulled.message, "docker-credential-that-is-missing")
      yield* Effect.gen(function* () {
        assert.deepStrictEqual((yield* publish(repository, yield* image)).events, pushes)
      }).pipe(Effect.provide(yield* signedIn(withAuth(host))))
    })
  )

  it.scoped("has its credentials from a helper", () =>
    Effect.gen(function* () {
      const { host } = yield* started({ account })
      const at = yield* folder
      const helper = join(at, "docker-credential-test")
      const answer = JSON.stringify({ ServerURL: host, Username: account.name, Secret: account.password })
      const missing = "echo 'credentials not found in native keychain'; exit 1"
      writeFileSync(helper, `#!/bin/sh\nread server\n[ "$server" = "${host}" ] || { ${missing}; }\necho '${answer}'\n`)
      chmodSync(helper, 0o755)
      const { PATH } = process.env
      yield* Effect.acquireRelease(
        Effect.sync(() => (process.env.PATH = `${at}:${PATH}`)),
        () => Effect.sync(() => (process.env.PATH = PATH))
      )
      const open = yield* started()
      yield* Effect.gen(function* () {
        assert.deepStrictEqual((yield* publish(`${host}/team/app`, yield* image)).events, pushes)
        // The helper knows nothing about this one, which asks for nothing.
        assert.deepStrictEqual((yield* publish(`${open.host}/team/app`, yield* image)).events, pushes)
      }).pipe(Effect.provide(yield* signedIn({ credsStore: "test" })))
    })
  )

  it.scoped("is refused by a registry whose authority the engine does not know, until it does", () =>
    Effect.gen(function* () {
      const address = Registry.outerAddress()
      assert.isDefined(address)
      const { authority, host } = yield* started({ address, tls: true })
      const repository = `${host}/team/app`
      yield* Effect.gen(function* () {
        const made = yield* image
        const error = yield* Effect.flip(publish(repository, made))
        assert.include(error.message, `/etc/docker/certs.d/${host}/ca.crt`)
        yield* trusted(host, authority)
        assert.deepStrictEqual((yield* publish(repository, made)).events, pushes)
      }).pipe(Effect.provide(yield* signedIn({})))
    })
  )

  it.scoped("fails when its registry is not reached, unless it was there before", () =>
    Effect.gen(function* () {
      const { host, stop } = yield* started()
      const repository = `${host}/team/app`
      yield* Effect.gen(function* () {
        const made = yield* image
        const before = yield* publish(repository, made)
        yield* Effect.promise(stop)
        assert.deepStrictEqual(yield* publish(repository, made, before.reference), { ...before, events: [] })
        const error = yield* Effect.flip(publish(repository, made))
        assert.include(error.message, `Check that ${host} is a running registry`)
        const unknown = ImageReference.make(`${repository}@sha256:${"0".repeat(64)}`)
        assert.deepStrictEqual(yield* Publish.fetch(unknown, () => Effect.void), Option.none())
      }).pipe(Effect.provide(yield* signedIn({})))
    })
  )

  it.scoped("of a snapshot is built on one machine and pulled by digest on another one", () =>
    Effect.gen(function* () {
      const elsewhere = yield* Effect.acquireRelease(
        Effect.promise(() => startElsewhere()),
        (engine) => Effect.promise(() => engine.dispose())
      )
      // The address of this machine that the other one reaches.
      const address = elsewhere.address.replace(/\d+$/, "1")
      const { authority, host } = yield* started({ account, address, tls: true })
      yield* trusted(host, authority)
      const snapshot = yield* fromFile(yield* pipelineFile)
      const configuration = yield* configured(withAuth(host))
      const repository = ImageRepository.make(`${host}/team/app`)
      const buildAt = (engine: string) =>
        Effect.gen(function* () {
          const builder = yield* ImageBuilder.ImageBuilder
          const { images } = yield* DockerClient
          const events: Array<BuildEvent["_tag"]> = []
          const settings = yield* Schema.decode(ImageSettings)({ base: { _tag: "host" } })
          const onProgress = ({ _tag }: BuildEvent) =>
            Effect.sync(() => void (events.includes(_tag) || events.push(_tag)))
          const built = yield* builder.build({ snapshot, settings, repository, onProgress })
          const remove = Effect.ignore(images.remove(built.imageId, { force: true }))
          return { ...built, events, remove }
        }).pipe(Effect.provide(Layer.provideMerge(ImageBuilder.layer(), clientAt(engine, configuration))))
      const { host: here } = yield* Effect.promise(() => ensure({ say }))
      const first = yield* buildAt(here)
      yield* Effect.addFinalizer(() => first.remove)
      assert.deepStrictEqual(first.events.slice(-4), ["Finished", ...pushes])
      const other = yield* buildAt(elsewhere.host)
      assert.deepStrictEqual(other.events, ["BaseChosen", "Pulling", "Reused"])
      assert.strictEqual(other.reference, first.reference)
      assert.strictEqual(other.imageId, first.imageId)
    }).pipe(Effect.provide(layerMachine))
  )
})
