import { Command, FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { collect } from "../../../src/Docker/Image/Assets.js"

const project = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-assets-" }))
  yield* fs.makeDirectory(path.join(root, "data", "deep"), { recursive: true })
  yield* fs.writeFileString(path.join(root, "data", "b.txt"), "b")
  yield* fs.writeFileString(path.join(root, "data", "deep", "a.txt"), "a")
  yield* fs.writeFileString(path.join(root, "run.sh"), "x", { mode: 0o755 })
  return root
})

const refused = (root: string, path: string) =>
  Effect.flatMap(Effect.flip(collect(root, [path])), (error) =>
    error._tag === "ImageContentRefused" ? Effect.succeed(error) : Effect.fail(error)
  )

describe("collect", () => {
  it.scoped("takes declared files and everything below declared folders, each once, sorted", () =>
    Effect.gen(function* () {
      const root = yield* project
      const assets = yield* collect(root, ["run.sh", "data", "data/b.txt"])
      assert.deepStrictEqual(
        assets.map(({ entry, path }) => [path, entry.path, entry.mode]),
        [
          ["data/b.txt", "/app/data/b.txt", 0o644],
          ["data/deep/a.txt", "/app/data/deep/a.txt", 0o644],
          ["run.sh", "/app/run.sh", 0o755]
        ]
      )
      assert.match(assets[0]?.digest ?? "", /^3e23e8160039594a33894f6564e1b134/)
      assert.isEmpty(yield* collect("/nowhere", []))
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("G22 G39: refuses links of every kind, anywhere on the way", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* project
      yield* fs.symlink("/etc/passwd", `${root}/data/secret`)
      yield* fs.symlink("data", `${root}/alias`)
      yield* fs.symlink("nowhere", `${root}/dangling`)
      assert.include(
        (yield* refused(root, "data")).message,
        '"data/secret" cannot go into an image: it is a symbolic link'
      )
      assert.include((yield* refused(root, "alias")).reason, "symbolic link")
      assert.include((yield* refused(root, "alias/b.txt")).reason, "symbolic link")
      assert.include((yield* refused(root, "dangling")).reason, "symbolic link")
      yield* fs.remove(`${root}/data/secret`)
      yield* fs.link(`${root}/run.sh`, `${root}/data/hard`)
      assert.include((yield* refused(root, "data")).message, '"data/hard" cannot go into an image: it is a hard link')
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("G22: refuses pipes and devices", () =>
    Effect.gen(function* () {
      const root = yield* project
      assert.strictEqual(yield* Command.exitCode(Command.make("mkfifo", `${root}/data/pipe`)), 0)
      assert.include((yield* refused(root, "data")).reason, "neither a file nor a folder")
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("G21: refuses credentials, by name and by content, also deep in declared folders", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* project
      for (const name of [
        ".env",
        ".env.production",
        ".npmrc",
        ".netrc",
        "server.pem",
        "tls.key",
        "id_rsa",
        "id_ed25519.pub",
        "a.p12"
      ]) {
        yield* fs.writeFileString(`${root}/data/deep/${name}`, "canary")
        assert.strictEqual((yield* refused(root, "data")).path, `data/deep/${name}`)
        assert.strictEqual((yield* refused(root, `data/deep/${name}`)).path, `data/deep/${name}`)
        yield* fs.remove(`${root}/data/deep/${name}`)
      }
      for (const name of [".git", ".ssh", ".aws", "node_modules"]) {
        yield* fs.makeDirectory(`${root}/data/${name}`)
        assert.strictEqual((yield* refused(root, "data")).path, `data/${name}`)
        yield* fs.remove(`${root}/data/${name}`, { recursive: true })
      }
      yield* fs.writeFileString(`${root}/data/harmless.txt`, "-----BEGIN OPENSSH PRIVATE KEY-----\nx")
      assert.include((yield* refused(root, "data")).reason, "private key")
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("G22 G39: refuses what is not there, what is the bundle's, and what is outside", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* project
      yield* fs.writeFileString(`${root}/main.mjs`, "")
      assert.include((yield* refused(root, "nothing.txt")).reason, "no such file")
      assert.include((yield* refused(root, "main.mjs")).reason, "the bundle has that name")
      assert.include((yield* refused(`${root}/data`, "../run.sh")).reason, "outside")
      assert.include((yield* refused("/nowhere", "run.sh")).reason, "project folder does not exist")
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
