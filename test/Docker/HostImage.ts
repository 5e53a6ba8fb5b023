/** A small image made of this machine's Node, so that tests need no registry. */
import { execFileSync } from "node:child_process"
import { readFileSync, realpathSync } from "node:fs"
import { buffer } from "node:stream/consumers"
import { Effect, Stream } from "effect"
import { pack } from "tar-stream"
import { DockerClient } from "../../src/Docker/DockerClient.js"

const libraries = (program: string): ReadonlyArray<string> =>
  execFileSync("ldd", [program], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => /(\/[^ ]+) \(0x/.exec(line)?.[1] ?? [])

const folders = ["bin", "lib", "lib64", "usr", "usr/lib", "tmp", "proc", "sys", "dev", "etc", "run", "work"]

/** The files of an image that can run `/bin/node`. */
export const nodeArchive: Stream.Stream<Uint8Array> = Stream.suspend(() => {
  const archive = pack()
  const fixed = { mtime: new Date(0), uid: 0, gid: 0 }
  for (const name of folders) {
    archive.entry({ ...fixed, name, type: "directory", mode: name === "tmp" ? 0o1777 : 0o755 })
  }
  archive.entry({ ...fixed, name: "bin/node", mode: 0o755 }, readFileSync(realpathSync(process.execPath)))
  for (const path of new Set(libraries(process.execPath))) {
    const name = path.slice(1)
    archive.entry({ ...fixed, name, mode: 0o755 }, readFileSync(realpathSync(path)))
  }
  archive.entry({ ...fixed, name: "etc/passwd" }, "root:x:0:0:root:/:/none\nnode:x:10001:10001::/:/none\n")
  archive.finalize()
  return Stream.fromEffect(Effect.promise(() => buffer(archive)))
})

/** Imports the image in the scope, with a label that only it has. */
export const scoped = (tag: string, label: string) =>
  Effect.gen(function* () {
    const docker = yield* DockerClient
    return yield* Effect.acquireRelease(
      docker.images.import(nodeArchive, {
        tag,
        changes: ["ENV PATH=/bin", 'ENTRYPOINT ["/bin/node"]', `LABEL ${label}`]
      }),
      () => Effect.orDie(docker.images.remove(tag, { force: true }))
    )
  })

/** A tar archive of one small file. */
export const smallArchive: Effect.Effect<Uint8Array> = Effect.promise(() => {
  const archive = pack()
  archive.entry({ name: "greeting", mtime: new Date(0) }, "hello")
  archive.finalize()
  return buffer(archive)
})
