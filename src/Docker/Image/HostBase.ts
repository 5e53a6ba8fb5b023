/**
 * The base image of this machine's files: its Node with the libraries it needs, and certificates. It has no package
 * manager, and a shell and fonts only as extras.
 */
import { createHash } from "node:crypto"
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { appDirectory, user } from "../../Containerized/Layout.js"
import { canonicalJson } from "../../Internal/CanonicalJson.js"
import * as Elf from "./Elf.js"
import { Entry, text } from "./Entry.js"
import * as HostExtras from "./HostExtras.js"
import * as Libraries from "./Libraries.js"

/**
 * A Node of this machine.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostNode {
  /** Its program file. */
  readonly program: string
  /** Such as `20.19.0`. */
  readonly version: string
  /** As Node names them: `linux`, `x64`. */
  readonly platform: string
  readonly architecture: string
}

/** The content of a base image of this machine. */
export interface HostBase {
  readonly node: HostNode
  readonly extras: HostExtras.Extras
  readonly entries: ReadonlyArray<Entry>
  /** SHA-256 (hex) of the paths, sizes and times of its files, without reading large files. */
  readonly fingerprint: string
  /** Its files of this machine, with their places. */
  readonly files: ReadonlyArray<HostExtras.Placed>
  /** The folder of the loader in the image, and the names of its libraries. */
  readonly libraryFolder: string
  readonly libraries: ReadonlySet<string>
  /** ELF number of the architecture. */
  readonly machine: number
  /** Variables of the image. */
  readonly environment: Readonly<Record<string, string>>
}

/** This machine's Node cannot be put into a base image. */
export class HostUnsupported extends Data.TaggedError("HostUnusable")<{ readonly reason: string }> {
  override get message(): string {
    return `No image can be made of this machine's Node: ${this.reason}.`
  }
}

/** The Node that runs this program. */
export const runningNode: HostNode = {
  program: process.execPath,
  version: process.versions.node,
  platform: process.platform,
  architecture: process.arch
}

/** The path of Node in the image. */
export const nodeProgram = "/usr/bin/node"

/** Finds everything that a Node and the extras need. */
export const describe = (
  node: HostNode,
  extras: HostExtras.Extras = HostExtras.none
): Effect.Effect<HostBase, HostUnsupported | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const program = yield* fs.realPath(node.program)
    const elf = yield* Elf.read(program)
    if (node.platform !== "linux" || Option.isNone(elf)) {
      return yield* new HostUnsupported({ reason: `it is not a 64-bit program for Linux (${program})` })
    }
    const { machine } = elf.value
    const tools = extras.shell ? yield* required("shell", HostExtras.shell) : []
    const fonts = extras.fonts ? yield* required("fonts", HostExtras.fonts) : []
    const { interpreters, libraries, missing } = yield* Libraries.needs([program, ...tools.map(({ source }) => source)])
    if (missing.length > 0) {
      return yield* new HostUnsupported({ reason: `it needs ${missing.join(" and ")}, which is not installed` })
    }
    const lookups = yield* nameLookups(machine)
    const folder = libraryFolder(libraries, interpreters)
    const files = [
      { path: nodeProgram, source: program },
      ...interpreters.map((path) => ({ path, source: path })),
      ...[...libraries, ...lookups].map((library) => ({ path: placeOf(folder, library), source: library.file })),
      ...tools,
      ...fonts
    ]
    const { certificates, ...contents } = yield* contentsOf(files)
    return {
      node,
      extras,
      ...contents,
      files,
      libraryFolder: folder,
      libraries: new Set([...libraries, ...lookups].map(({ name }) => name)),
      machine,
      environment: {
        PATH: extras.shell ? `${Path.posix.dirname(nodeProgram)}:/bin` : Path.posix.dirname(nodeProgram),
        NODE_ENV: "production",
        ...(Option.isSome(certificates) ? { NODE_EXTRA_CA_CERTS: certificateFile } : {})
      }
    }
  })

/** The result of {@link describe} for some extras, cached as long as the files are unchanged. */
export const remembered = (
  node: HostNode
): Effect.Effect<
  (extras: HostExtras.Extras) => Effect.Effect<HostBase, HostUnsupported | PlatformError, FileSystem.FileSystem>
> =>
  Effect.map(Ref.make(HashMap.empty<string, HostBase>()), (known) =>
    Effect.fnUntraced(function* (extras) {
      const key = HostExtras.suffix(extras)
      const before = HashMap.get(yield* known, key)
      if (Option.isSome(before)) {
        const now = yield* Effect.option(contentsOf(before.value.files))
        if (Option.exists(now, ({ fingerprint }) => fingerprint === before.value.fingerprint)) return before.value
      }
      return yield* Effect.tap(describe(node, extras), (base) => Ref.update(known, HashMap.set(key, base)))
    })
  )

/** The place of a library in an image: a fixed folder, else that of the loader. */
export const placeOf = (folder: string, library: Libraries.Library): string =>
  library.pinned ? Path.normalize(library.file) : `${folder}/${library.name}`

// internal

/** The files of an extra. A machine without them cannot provide it. */
const required = <E, R>(extra: keyof HostExtras.Extras, files: Effect.Effect<ReadonlyArray<HostExtras.Placed>, E, R>) =>
  Effect.filterOrFail(
    files,
    (found) => found.length > 0,
    () =>
      new HostUnsupported({
        reason: `the setting ${extra} needs ${missingExtra[extra]}; or use a base image that has them (setting base)`
      })
  )

const missingExtra: Readonly<Record<keyof HostExtras.Extras, string>> = {
  shell: "/bin/sh on this machine",
  fonts: "fonts in /usr/share/fonts or /usr/local/share/fonts of this machine, such as those of fonts-dejavu-core"
}

const certificateFile = "/etc/ssl/certs/ca-certificates.crt"

const certificateFiles = [
  certificateFile,
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
]

const certificateBundle = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const found = yield* Effect.firstSuccessOf(certificateFiles.map((file) => fs.readFile(file))).pipe(Effect.option)
  return Option.map(found, (content) => text(certificateFile, content))
})

const { gid, name, uid } = user

const accounts: ReadonlyArray<Entry> = [
  text("/etc/passwd", `root:x:0:0:root:/:/sbin/nologin\n${name}:x:${uid}:${gid}::${appDirectory}:/sbin/nologin\n`),
  text("/etc/group", `root:x:0:\n${name}:x:${gid}:\n`),
  text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
  Entry.Folder({ path: "/tmp", mode: 0o1777 }),
  Entry.Folder({ path: "/run", mode: 0o755 }),
  Entry.Folder({ path: appDirectory, mode: 0o755 })
]

/** The C library loads these for name lookups; no file names them as needed. */
const nameLookups = (machine: number) =>
  Effect.map(
    Effect.forEach(["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"], (name) =>
      Effect.map(
        Libraries.locate(name, machine),
        Option.map((file): Libraries.Library => ({ name, file, pinned: false }))
      )
    ),
    (found) => found.flatMap(Option.toArray)
  )

const libraryFolder = (libraries: ReadonlyArray<Libraries.Library>, interpreters: ReadonlyArray<string>): string => {
  const standard = libraries.find(({ name }) => /^libc\.|^libc\.musl/.test(name))
  return Path.dirname(standard?.file ?? interpreters[0] ?? "/lib/ld")
}

const fileEntry = (path: string, source: string, mode: number) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const real = yield* fs.realPath(source)
    const { dev, ino, mtime, size } = yield* fs.stat(real)
    return {
      entry: Entry.File({ path, mode, source: real, size: Number(size) }),
      identity: {
        path,
        real,
        dev,
        ino: Option.getOrNull(ino),
        size: String(size),
        at: Option.getOrNull(mtime)?.getTime()
      }
    }
  })

const isFont = (path: string): boolean => /\/fonts\//.test(path)

/** The entries of a base with these files, and their fingerprint. */
const contentsOf = (files: HostBase["files"]) =>
  Effect.gen(function* () {
    const programs = yield* Effect.forEach(
      files,
      ({ path, source }) => fileEntry(path, source, isFont(path) ? 0o644 : 0o755),
      {
        concurrency: "unbounded"
      }
    )
    const certificates = yield* certificateBundle
    const entries = [...programs.map(({ entry }) => entry), ...accounts, ...Option.toArray(certificates)]
    const identities = programs.map(({ identity }) => identity)
    return { entries, fingerprint: fingerprint(identities, entries), certificates }
  })

const fingerprint = (identities: ReadonlyArray<object>, entries: ReadonlyArray<Entry>): string => {
  const literal = entries.map((entry) => ({
    tag: entry._tag,
    path: entry.path,
    mode: entry.mode,
    content: entry._tag === "Text" ? createHash("sha256").update(entry.content).digest("hex") : undefined
  }))
  return createHash("sha256").update(canonicalJson({ identities, literal })).digest("hex")
}
