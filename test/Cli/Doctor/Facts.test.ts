import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option } from "effect"
import { parsePortRange, proxy, takenOf } from "../../../src/Cli/Doctor/MachineFacts.js"
import * as Mounts from "../../../src/Cli/Doctor/Mounts.js"
import { projectOf } from "../../../src/Cli/Doctor/ProjectFacts.js"
import * as Ports from "../../../src/Flavor/Ports.js"

describe("the type of a file system", () => {
  const linux = Mounts.parseProcMounts(
    [
      "/dev/vda / ext4 rw,relatime,discard 0 0",
      "proc /proc proc rw,relatime 0 0",
      "files:/home /home nfs4 rw,vers=4.2,addr=10.0.0.7 0 0",
      "tmpfs /home/ada/scratch\\040pad tmpfs rw 0 0",
      "/dev/vdb /srv ext3 rw 0 0",
      "ada@host:/ /srv fuse.sshfs rw 0 0",
      ""
    ].join("\n")
  )

  it("is that of the deepest mount, and of the last one there", () => {
    assert.deepStrictEqual(
      ["/opt", "/home/ada", "/homework", "/home/ada/scratch pad/x", "/srv/x"].map((path) =>
        Option.getOrNull(Mounts.typeOf(path, linux))
      ),
      ["ext4", "nfs4", "ext4", "tmpfs", "fuse.sshfs"]
    )
  })

  it("is read from the output of mount on macOS", () => {
    const mac = Mounts.parseMountOutput(
      [
        "/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)",
        "devfs on /dev (devfs, local, nobrowse)",
        "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)",
        "map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)",
        "//ada@files._smb._tcp.local/Team on /Volumes/Team Files (smbfs, nodev, nosuid, mounted by ada)",
        "nas:/export on /Volumes/nas (nfs)"
      ].join("\n")
    )
    assert.deepStrictEqual(
      ["/Users/ada", "/Volumes/Team Files/x", "/Volumes/nas"].map((path) => Option.getOrNull(Mounts.typeOf(path, mac))),
      ["apfs", "smbfs", "nfs"]
    )
    assert.deepStrictEqual(Mounts.typeOf("/x", []), Option.none())
  })
})

describe("the range of ports", () => {
  it("is read from /proc and from sysctl", () => {
    assert.deepStrictEqual(parsePortRange("32768\t60999\n"), Option.some({ first: 32_768, last: 60_999 }))
    assert.deepStrictEqual(parsePortRange("49152\n65535"), Option.some({ first: 49_152, last: 65_535 }))
    assert.deepStrictEqual(parsePortRange("sysctl: unknown oid"), Option.none())
  })
})

describe("the ports and the proxy of the machine", () => {
  it.effect("are those that accept no listener, and the variables that are set", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.provide(takenOf([1, 2]), Ports.layerTest([2])), [2])
      const variables = new Map([
        ["http_proxy", "http://proxy:3128"],
        ["NO_PROXY", "localhost"]
      ])
      const found = yield* Effect.withConfigProvider(proxy, ConfigProvider.fromMap(variables))
      assert.deepStrictEqual(found, { names: ["http_proxy"], excepted: "localhost," })
    })
  )
})

describe("the project of a folder", () => {
  /** Files by path, with their content. */
  const tree = (files: Readonly<Record<string, string>>) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-doctor-" }))
      for (const [path, text] of Object.entries(files)) {
        yield* fs.makeDirectory(`${root}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true })
        yield* fs.writeFileString(`${root}/${path}`, text)
      }
      return { fs, root }
    })

  const effect = (version: string) => JSON.stringify({ name: "effect", version })

  const versions = (folder: string) =>
    Effect.map(projectOf(folder), (project) =>
      Option.getOrThrow(project)
        .copies.map(({ version }) => version)
        .sort()
    )

  it.scoped("has the copies of Effect in nested packages and in folders above, and no other package of that name", () =>
    Effect.gen(function* () {
      const { root } = yield* tree({
        "node_modules/effect/package.json": effect("3.1.0"),
        "app/package.json": "{}",
        "app/src/x.ts": "",
        "app/node_modules/effect/package.json": effect("3.2.0"),
        "app/node_modules/@scope/kit/node_modules/effect/package.json": effect("3.3.0"),
        "app/node_modules/deep/node_modules/deeper/node_modules/effect/package.json": effect("3.4.0"),
        "app/node_modules/@scope/effect/package.json": JSON.stringify({ name: "@scope/effect", version: "9.0.0" }),
        "app/node_modules/.cache/effect/package.json": effect("8.0.0")
      })
      assert.deepStrictEqual(yield* versions(`${root}/app/src`), ["3.1.0", "3.2.0", "3.3.0", "3.4.0"])
      const project = Option.getOrThrow(yield* projectOf(`${root}/app/src`))
      assert.strictEqual(project.folder, `${root}/app`)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("counts a linked copy once, and looks into pnpm's store and into workspaces", () =>
    Effect.gen(function* () {
      const { fs, root } = yield* tree({
        "package.json": "{}",
        "node_modules/.pnpm/effect@3.2.0/node_modules/effect/package.json": effect("3.2.0"),
        "node_modules/.pnpm/kit@1.0.0/node_modules/kit/package.json": "{}",
        "packages/sibling/node_modules/effect/package.json": effect("3.9.0"),
        "node_modules/typescript/package.json": JSON.stringify({
          name: "typescript",
          version: "5.9.0",
          bin: { tsc: "bin/tsc" }
        }),
        "node_modules/typescript/bin/tsc": ""
      })
      const store = `${root}/node_modules/.pnpm`
      yield* fs.symlink(`${store}/effect@3.2.0/node_modules/effect`, `${root}/node_modules/effect`)
      yield* fs.symlink(`${store}/effect@3.2.0/node_modules/effect`, `${store}/kit@1.0.0/node_modules/effect`)
      yield* fs.symlink(`${root}/packages/sibling`, `${root}/node_modules/sibling`)
      assert.deepStrictEqual(yield* versions(root), ["3.2.0", "3.9.0"])
      const { compiler } = Option.getOrThrow(yield* projectOf(root))
      assert.deepStrictEqual(compiler, Option.some(`${root}/node_modules/typescript/bin/tsc`))
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
