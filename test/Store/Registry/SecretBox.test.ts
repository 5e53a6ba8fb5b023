import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Layer, Option, Redacted } from "effect"
import * as Home from "../../../src/Store/Home.js"
import * as Ids from "../../../src/Store/Ids.js"
import { digestKey } from "../../../src/Store/Registry/AuthKey.js"
import * as SecretBox from "../../../src/Store/Registry/SecretBox.js"
import * as Registry from "../../../src/Store/Registry.js"
import { SecretStore } from "../../../src/Store/SecretStore.js"
import { contents, folder, modes, outsider, tamper } from "../support.js"

const box = (layer: Layer.Layer<SecretBox.SecretBox>) => Effect.provide(SecretBox.SecretBox, layer)
const place = "secrets/TOKEN/value"
const secret = Redacted.make("hunter2")

describe("sealing", () => {
  it.effect.prop("gives back what was sealed", [FastCheck.fullUnicodeString(), FastCheck.string()], ([value, where]) =>
    Effect.gen(function* () {
      const { open, seal } = yield* box(SecretBox.layerTest)
      const sealed = yield* seal(where, Redacted.make(value))
      assert.match(sealed, /^v1\.[\w-]{16}\.[\w-]{22,}$/)
      assert.strictEqual(Redacted.value(yield* open(where, sealed)), value)
    })
  )

  it.effect.prop(
    "G34: a sealed text with any bit flipped does not open",
    [FastCheck.string(), FastCheck.nat(), FastCheck.integer({ min: 0, max: 6 })],
    ([value, index, bit]) =>
      Effect.gen(function* () {
        const { open, seal } = yield* box(SecretBox.layerTest)
        const bytes = Buffer.from(yield* seal(place, Redacted.make(value)), "latin1")
        const at = index % bytes.length
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at)
        const error = yield* Effect.flip(open(place, bytes.toString("latin1")))
        assert.strictEqual(error.reason, "undecryptable")
      })
  )

  it.effect("G34: opens only in its own place, and only what is whole", () =>
    Effect.gen(function* () {
      const { open, seal } = yield* box(SecretBox.layerTest)
      const sealed = yield* seal(place, secret)
      const other = yield* Effect.flip(open("secrets/OTHER/value", sealed))
      assert.strictEqual(other.reason, "undecryptable")
      for (const text of [
        "",
        "v1",
        "v1..",
        `${sealed}.x`,
        sealed.replace("v1", "v2"),
        `${sealed}=`,
        sealed.slice(0, -1)
      ]) {
        assert.strictEqual((yield* Effect.flip(open(place, text))).reason, "undecryptable", text)
      }
    })
  )

  it.effect("never gives the same text twice", () =>
    Effect.gen(function* () {
      const { seal } = yield* box(SecretBox.layerTest)
      const all = yield* Effect.all(Array.from({ length: 100 }, () => seal(place, secret)))
      assert.strictEqual(new Set(all).size, 100)
    })
  )
})

describe("the key file", () => {
  it.scoped("is made when the first secret is sealed, for its owner only, and used ever after", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const path = `${root}/home/key`
      const first = yield* box(SecretBox.layerFile(path))
      assert.deepStrictEqual(yield* modes(root), {})
      const sealed = yield* first.seal(place, secret)
      assert.deepStrictEqual([yield* modes(root), yield* modes(`${root}/home`)], [{ home: "700" }, { key: "600" }])
      const second = yield* box(SecretBox.layerFile(path))
      assert.strictEqual(Redacted.value(yield* second.open(place, sealed)), "hunter2")
    })
  )

  it.scoped("is one and the same for all that seal first at the same time", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/key`
      const boxes = yield* Effect.all(Array.from({ length: 20 }, () => box(SecretBox.layerFile(path))))
      const sealed = yield* Effect.forEach(boxes, ({ seal }) => seal(place, secret), { concurrency: "unbounded" })
      const { open } = yield* box(SecretBox.layerFile(path))
      yield* Effect.forEach(sealed, (text) => open(place, text))
    })
  )

  it.scoped("is never made by opening, and not by sealing where secrets are", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const { open, seal } = yield* box(SecretBox.layerFile(`${root}/key`, { holdsSecrets: Effect.succeed(true) }))
      assert.strictEqual((yield* Effect.flip(open(place, "v1.x.y"))).reason, "missing")
      assert.strictEqual((yield* Effect.flip(seal(place, secret))).reason, "missing")
      assert.deepStrictEqual(yield* contents(root), [])
    })
  )

  it.scoped("G33: is refused when others can read it, when it has no key, and when it cannot be read", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* folder
      const reasonOf = (path: string) =>
        Effect.map(
          Effect.flatMap(box(SecretBox.layerFile(path)), ({ seal }) => Effect.flip(seal(place, secret))),
          (error) => [error.reason, error.path === path]
        )
      yield* fs.writeFile(`${root}/open`, new Uint8Array(32), { mode: 0o640 })
      assert.deepStrictEqual(yield* reasonOf(`${root}/open`), ["permissions", true])
      yield* fs.writeFile(`${root}/short`, new Uint8Array(31), { mode: 0o600 })
      assert.deepStrictEqual(yield* reasonOf(`${root}/short`), ["malformed", true])
      yield* fs.makeDirectory(`${root}/folder`, { mode: 0o700 })
      assert.deepStrictEqual(yield* reasonOf(`${root}/folder`), ["malformed", true])
      assert.deepStrictEqual(yield* reasonOf(`${root}/short/key`), ["inaccessible", true])
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("G34: does not open what another key sealed", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const one = yield* box(SecretBox.layerFile(`${root}/one`))
      const two = yield* box(SecretBox.layerFile(`${root}/two`))
      yield* two.seal(place, secret)
      const error = yield* Effect.flip(two.open(place, yield* one.seal(place, secret)))
      assert.deepStrictEqual([error.reason, error.path], ["undecryptable", `${root}/two`])
    })
  )
})

describe("secrets in a registry", () => {
  const at = (root: string) => Registry.layerHome.pipe(Layer.provide([Home.layer(root), Ids.layer]))

  it.scoped("G20: are in none of its files as they are", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const value = "correct horse battery staple"
      const files = yield* Effect.flatMap(SecretStore, (store) => store.set("TOKEN", Redacted.make(value))).pipe(
        Effect.zipRight(contents(root)),
        Effect.provide(at(root))
      )
      assert.sameMembers(
        files.map(({ name }) => name),
        ["key", "registry.db", "registry.db-shm", "registry.db-wal", "registry.db.reserve"]
      )
      assert.isTrue(files.every(({ mode }) => mode === "600"))
      assert.isFalse(files.some(({ bytes }) => bytes.includes(Buffer.from(value).toString("hex"))))
      assert.isTrue(files.some(({ bytes }) => bytes.includes(Buffer.from("TOKEN").toString("hex"))))
    })
  )

  it.scoped("G34: do not open when rows were swapped", () =>
    Effect.gen(function* () {
      const root = yield* folder
      yield* Effect.flatMap(SecretStore, (s) => Effect.zipRight(s.set("A", secret), s.set("B", secret))).pipe(
        Effect.provide(at(root))
      )
      yield* tamper(
        `${root}/registry.db`,
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'B') WHERE name = 'A'"
      )
      const [a, b] = yield* Effect.flatMap(SecretStore, (s) => Effect.all([Effect.flip(s.get("A")), s.get("B")])).pipe(
        Effect.provide(at(root))
      )
      assert.deepInclude({ ...a }, { _tag: "SecretKeyError", reason: "undecryptable" })
      assert.isTrue(Option.isSome(b))
    })
  )

  it.scoped("G34: keep their registry from getting a new key when the old one is lost", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* folder
      const set = (name: string) =>
        Effect.provide(
          Effect.flatMap(SecretStore, (store) => store.set(name, secret)),
          at(root)
        )
      yield* set("A")
      yield* fs.remove(`${root}/key`)
      const error = yield* Effect.flip(set("B"))
      assert.deepInclude({ ...error }, { _tag: "SecretKeyError", reason: "missing" })
      assert.isFalse(yield* fs.exists(`${root}/key`))
      const sql = yield* outsider(`${root}/registry.db`)
      assert.lengthOf(yield* sql`SELECT * FROM secrets`, 1)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

it("a key is recognised by its digest", () => {
  assert.strictEqual(
    digestKey(Redacted.make("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
  )
})
