import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { BackendContext, currentIdentity, identityFor } from "../../../../src/Docker/Backend/BackendContext.js"
import { usableSecretsFolder } from "../../../../src/Docker/Backend/Mounts/SecretsDirectory.js"

/** A folder that this machine says is in memory, and one beside it that is not. */
const folders = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-memory-" }))
  yield* fs.makeDirectory(`${root}/memory`)
  yield* fs.makeDirectory(`${root}/disk`)
  const table = `/dev/vda / ext4 rw 0 0\ntmpfs ${root}/memory tmpfs rw 0 0\n`
  const mounts = FileSystem.FileSystem.of({
    ...fs,
    readFileString: (file, encoding) =>
      file === "/proc/mounts" ? Effect.succeed(table) : fs.readFileString(file, encoding)
  })
  return { memory: `${root}/memory`, disk: `${root}/disk`, mounts }
})

const usable = (mounts: FileSystem.FileSystem, secretsFolders: ReadonlyArray<string>, foreign = false) =>
  Effect.gen(function* () {
    const us = yield* currentIdentity
    const owner = foreign ? (us?.uid ?? 0) + 1 : us?.uid
    const site = {
      registryId: "registry",
      deployer: "docker",
      secretsFolders,
      files: undefined,
      owner,
      ...identityFor(us)
    }
    return yield* usableSecretsFolder.pipe(
      Effect.provideService(BackendContext, site),
      Effect.provideService(FileSystem.FileSystem, mounts)
    )
  })

it.layer(NodeContext.layer)("usableSecretsFolder", (it) => {
  it.scoped("makes the first folder that is in memory, closed to other users", () =>
    Effect.gen(function* () {
      const { disk, memory, mounts } = yield* folders
      const found = yield* usable(mounts, [`${disk}/ours`, `${memory}/ours`])
      assert.deepStrictEqual(found, Option.some(`${memory}/ours`))
      const { mode } = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(`${memory}/ours`))
      assert.strictEqual(mode & 0o777, 0o711)
      assert.deepStrictEqual(yield* usable(mounts, [`${memory}/ours`]), found)
    })
  )

  it.scoped("uses none that is on a disk", () =>
    Effect.gen(function* () {
      const { disk, mounts } = yield* folders
      assert.deepStrictEqual(yield* usable(mounts, [`${disk}/ours`, "/nowhere/at/all"]), Option.none())
    })
  )

  it.scoped("uses no link and no folder of another user", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { disk, memory, mounts } = yield* folders
      yield* fs.symlink(disk, `${memory}/link`)
      assert.deepStrictEqual(yield* usable(mounts, [`${memory}/link`]), Option.none())
      yield* fs.makeDirectory(`${memory}/theirs`)
      assert.deepStrictEqual(yield* usable(mounts, [`${memory}/theirs`], true), Option.none())
    })
  )
})
