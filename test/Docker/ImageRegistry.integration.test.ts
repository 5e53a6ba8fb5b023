import { createHash, randomBytes } from "node:crypto"
import { buffer } from "node:stream/consumers"
import { gzipSync } from "node:zlib"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { pack } from "tar-stream"
import type { ImageReference } from "../../src/Containerized/ImageReference.js"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import * as FromImage from "../../src/Docker/Image/FromImage.js"
import { client } from "./Engine.js"
import * as ImageRegistry from "./ImageRegistry.js"

/** An image of one small file, which no other image has. */
const image = Effect.promise(async () => {
  const archive = pack()
  archive.entry({ name: "some", mtime: new Date(0) }, randomBytes(300_000))
  archive.finalize()
  const tar = await buffer(archive)
  const digest = `sha256:${createHash("sha256").update(tar).digest("hex")}`
  const architecture = process.arch === "x64" ? "amd64" : process.arch
  const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [digest] } }
  return { config, layer: gzipSync(tar) }
})

/** The same engine, and a registry with one image under the tag `1`. Every image of it is removed at the end. */
const published = Effect.gen(function* () {
  const { images } = yield* DockerClient
  const registry = yield* ImageRegistry.scoped
  const digest = registry.publish("1", yield* image)
  const reference = `${registry.repository}:1` as ImageReference
  yield* Effect.addFinalizer(() => Effect.ignore(images.remove(reference, { force: true })))
  const { architecture, os } = yield* Effect.flatMap(DockerClient, ({ engine }) => engine.info)
  const base = { _tag: "image", reference, builder: undefined, node: "/usr/bin/node" } as const
  return { registry, digest, reference, resolve: FromImage.resolve(base, `${os}/${architecture}`, () => Effect.void) }
})

layer(client, { excludeTestServices: true, timeout: "1 minute" })("An image of a registry", (it) => {
  it.scoped.each([401, 404, 429, 503])("B23: whose registry answers %s is a typed failure, then it is had", (status) =>
    Effect.gen(function* () {
      const { digest, reference, registry, resolve } = yield* published
      yield* registry.break({ _tag: "Status", status })
      const error = yield* Effect.flip(resolve)
      assert.strictEqual(error._tag, "BaseImageUnavailable")
      assert.include(error.message, reference)
      yield* registry.break({ _tag: "None" })
      assert.strictEqual((yield* resolve).digest, digest)
    })
  )

  it.scoped("B23: with other bytes than its digest says is refused, and nothing of it stays", () =>
    Effect.gen(function* () {
      const { images } = yield* DockerClient
      const { digest, reference, registry, resolve } = yield* published
      yield* registry.break({ _tag: "WrongBytes" })
      const error = yield* Effect.flip(resolve)
      assert.strictEqual(error._tag, "BaseImageUnavailable")
      assert.match(error.message, /verif|checksum|digest/i)
      assert.strictEqual((yield* Effect.flip(images.inspect(reference)))._tag, "ImageNotFound")
      yield* registry.break({ _tag: "None" })
      assert.strictEqual((yield* resolve).digest, digest)
    })
  )

  it.scoped("A12: whose pull ends in the middle is pulled again, whole", () =>
    Effect.gen(function* () {
      const { images } = yield* DockerClient
      const { digest, reference, registry, resolve } = yield* published
      yield* registry.break({ _tag: "Hang" })
      const pulling = yield* Effect.fork(resolve)
      yield* registry.hangs
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(pulling)))
      assert.strictEqual((yield* Effect.flip(images.inspect(reference)))._tag, "ImageNotFound")
      yield* registry.break({ _tag: "None" })
      assert.strictEqual((yield* resolve).digest, digest)
    })
  )

  it.scoped("A12: whose layer breaks off is completed by the engine", () =>
    Effect.gen(function* () {
      const { digest, registry, resolve } = yield* published
      yield* registry.break({ _tag: "Cut" })
      assert.strictEqual((yield* resolve).digest, digest)
    })
  )

  it.scoped("B24: stays the same when its tag moves, and the registry is not asked", () =>
    Effect.gen(function* () {
      const { digest, registry, resolve } = yield* published
      const first = yield* resolve
      assert.strictEqual(first.digest, digest)
      assert.notStrictEqual(registry.publish("1", yield* image), digest)
      registry.asked.length = 0
      assert.deepStrictEqual(yield* resolve, first)
      assert.deepStrictEqual(registry.asked, [])
    })
  )
})
