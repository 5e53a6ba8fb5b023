/** Images, networks, volumes and files. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { freshName, type It, setting } from "./Fixture.js"

const missing = "effect-deployers-nobody"

export const laws = (it: It): void => {
  it.scoped("names an image more than once, and removes name by name", () =>
    Effect.gen(function* () {
      const { docker, fixture, labels } = yield* setting
      const { id } = yield* docker.images.inspect(fixture.image)
      const name = `${yield* freshName}:1`
      yield* docker.images.tag(fixture.image, name)
      assert.strictEqual((yield* docker.images.inspect(name)).id, id)
      assert.include((yield* docker.images.inspect(id)).tags, name)
      assert.deepStrictEqual(
        (yield* docker.images.list(labels)).map((image) => image.id),
        [id]
      )
      yield* docker.images.remove(name)
      yield* docker.images.remove(name)
      assert.strictEqual((yield* Effect.flip(docker.images.inspect(name)))._tag, "ImageNotFound")
      assert.strictEqual((yield* docker.images.inspect(fixture.image)).id, id)
      assert.strictEqual((yield* Effect.flip(docker.images.tag(`${missing}:1`, name)))._tag, "ImageNotFound")
    })
  )

  it.scoped("keeps an image that a container is made of", () =>
    Effect.gen(function* () {
      const { created, docker, fixture } = yield* setting
      yield* created("runs")
      const error = yield* Effect.flip(docker.images.remove(fixture.image))
      assert.strictEqual(error._tag, "ImageInUse")
    })
  )

  it.scoped("refuses bytes that are not an image, and fails with the error of the archive's source", () =>
    Effect.gen(function* () {
      const { docker } = yield* setting
      const refused = yield* Effect.flip(Stream.runDrain(docker.images.load(Stream.make(new Uint8Array(2_048)))))
      assert.strictEqual(typeof refused === "object" && refused._tag, "ImageLoadFailed")
      const broken = yield* Effect.flip(Stream.runDrain(docker.images.load(Stream.fail("the source"))))
      assert.strictEqual(broken, "the source")
      const built = yield* Effect.flip(Stream.runDrain(docker.images.build(Stream.make(new Uint8Array(2_048)))))
      assert.strictEqual(built._tag, "ImageBuildFailed")
    })
  )

  it.scoped("copies files into containers whose root may be written", () =>
    Effect.gen(function* () {
      const { created, docker, fixture } = yield* setting
      const archive = Stream.make(fixture.archive)
      const writable = yield* created("runs")
      yield* docker.containers.putArchive(writable, "/tmp", archive)
      const sealed = yield* created("runs", { readOnlyRoot: true })
      const error = yield* Effect.flip(docker.containers.putArchive(sealed, "/tmp", archive))
      assert.strictEqual(error._tag, "ArchiveRejected")
      const absent = yield* Effect.flip(docker.containers.putArchive(missing, "/tmp", archive))
      assert.strictEqual(absent._tag, "ContainerNotFound")
    })
  )

  it.scoped("creates networks once per name, and removes them when no container is attached", () =>
    Effect.gen(function* () {
      const { docker, labels, spec } = yield* setting
      const name = yield* freshName
      const id = yield* Effect.acquireRelease(docker.networks.create({ name, labels }), (id) =>
        Effect.orDie(docker.networks.remove(id))
      )
      const conflict = yield* Effect.flip(docker.networks.create({ name, labels }))
      assert.strictEqual(conflict._tag, "NameConflict")
      assert.deepInclude(conflict, { kind: "network", name, ownerId: id })
      assert.deepStrictEqual(
        (yield* docker.networks.list(labels)).map((network) => network.id),
        [id]
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const attached = yield* docker.runScoped(spec("runs", { network: name }))
          assert.deepStrictEqual((yield* docker.networks.inspect(id)).containers, [attached.id])
          assert.strictEqual((yield* Effect.flip(docker.networks.remove(id)))._tag, "NetworkInUse")
        })
      )
      yield* docker.networks.remove(id)
      yield* docker.networks.remove(id)
      assert.strictEqual((yield* Effect.flip(docker.networks.inspect(id)))._tag, "NetworkNotFound")
    })
  )

  it.scoped("creates volumes, and removes them when no container uses them", () =>
    Effect.gen(function* () {
      const { created, docker, labels } = yield* setting
      const name = yield* freshName
      const remove = Effect.orDie(docker.volumes.remove(name))
      yield* Effect.acquireRelease(docker.volumes.create({ name, labels }), () => remove)
      yield* docker.volumes.create({ name, labels })
      assert.deepStrictEqual(
        (yield* docker.volumes.list(labels)).map((volume) => volume.name),
        [name]
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* created("runs", { mounts: [{ type: "volume", source: name, target: "/data" }] })
          assert.strictEqual((yield* Effect.flip(docker.volumes.remove(name)))._tag, "VolumeInUse")
        })
      )
      yield* docker.volumes.remove(name)
      assert.deepStrictEqual(yield* docker.volumes.list(labels), [])
    })
  )

  it.scoped("returns the volume of a name to every caller, as it was created", () =>
    Effect.gen(function* () {
      const { docker, labels } = yield* setting
      const name = yield* freshName
      const remove = Effect.orDie(docker.volumes.remove(name))
      yield* Effect.acquireRelease(docker.volumes.create({ name, labels }), () => remove)
      const again = yield* docker.volumes.create({ name, labels: { somebody: "else" } })
      assert.deepStrictEqual(again.labels, labels)
    })
  )

  it.scoped("unpacks an archive in a volume, but not through a read-only mount", () =>
    Effect.gen(function* () {
      const { created, docker, fixture, labels } = yield* setting
      const name = yield* freshName
      const remove = Effect.orDie(docker.volumes.remove(name))
      yield* Effect.acquireRelease(docker.volumes.create({ name, labels }), () => remove)
      const archive = Stream.make(fixture.archive)
      const mount = { type: "volume", source: name, target: "/work", copy: false } as const
      yield* Effect.scoped(
        Effect.gen(function* () {
          const writing = yield* created("runs", { readOnlyRoot: true, mounts: [mount] })
          yield* docker.containers.putArchive(writing, "/work", archive)
          const reading = yield* created("runs", { mounts: [{ ...mount, readOnly: true }] })
          const error = yield* Effect.flip(docker.containers.putArchive(reading, "/work", archive))
          assert.strictEqual(error._tag, "ArchiveRejected")
        })
      )
    })
  )
}
