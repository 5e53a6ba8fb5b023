import { createHash } from "node:crypto"
import { join } from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Home } from "../Store/Home.js"
import type { Compiled } from "./Compile.js"
import * as Contents from "./Contents.js"
import { names } from "./Names.js"
import type { Package } from "./Packages.js"
import * as Packages from "./Packages.js"
import * as SharedFiles from "./SharedFiles.js"
import { draftPrefix, replace } from "./SharedFiles.js"

type Written = Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path>

/**
 * Writes a bundle into the folder of its digest below `bundles` and returns that folder. It appears complete or not at all.
 * An existing one is verified, and damaged files are written again.
 */
export const ensure = (
  bundles: string,
  compiled: Compiled
): Effect.Effect<string, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = path.join(bundles, compiled.digest)
    yield* fs.makeDirectory(bundles, { recursive: true, mode: 0o700 })
    // The drafts of processes that ended while they wrote; a running one needs seconds.
    yield* Effect.ignore(removeOld(bundles, (name) => name.startsWith(draftPrefix), "1 hour"))
    const exists = yield* fs.exists(directory)
    // Another process may write the same bundle at the same time; then that one is verified.
    yield* exists
      ? repair(bundles, directory, compiled)
      : Effect.catchAll(create(bundles, directory, compiled), () => repair(bundles, directory, compiled))
    yield* touch(directory)
    return directory
  })

/** Marks a bundle as in use: an old one without a snapshot may be removed, unless the folder cannot be written. */
const touch = (directory: string): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const now = yield* DateTime.nowAsDate
    yield* Effect.ignore(fs.utimes(directory, now, now))
  })

const create = (bundles: string, directory: string, compiled: Compiled): Written =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const temporary = yield* fs.makeTempDirectoryScoped({ directory: bundles, prefix: draftPrefix })
      const content = path.join(temporary, "content")
      yield* repair(bundles, content, compiled)
      yield* fs.rename(content, directory)
    })
  )

const repair = (bundles: string, directory: string, compiled: Compiled): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
    yield* ensureFile(path.join(directory, names.main), compiled.main)
    yield* ensureFile(path.join(directory, names.sourceMap), compiled.sourceMap)
    yield* ensureFile(path.join(directory, names.start), Buffer.from(compiled.start))
    yield* Effect.forEach(names.scripts, ([folder, name]) =>
      ensureShared(path.join(directory, name), Packages.besideModule(folder, name))
    )
    yield* Effect.forEach(compiled.natives, (native) => ensureNative(directory, native), { discard: true })
    yield* Effect.forEach(
      compiled.addons,
      ({ directory: installed, name }) => ensureLink(path.join(directory, names.installed, name), installed),
      { discard: true }
    )
    yield* fs.makeDirectory(path.join(directory, compiled.contents.workingDirectory), { recursive: true, mode: 0o700 })
    yield* Effect.forEach(compiled.contents.items, (item) => ensureItem(bundles, directory, item, compiled), {
      concurrency: 16,
      discard: true
    })
    yield* ensureFile(path.join(directory, names.contents), Buffer.from(Contents.encode(compiled.contents)))
  })

const ensureFile = (file: string, content: Uint8Array): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.option(fs.readFile(file))
    if (found._tag === "Some" && digest(found.value) === digest(content)) return
    yield* replace(file, (temporary) => fs.writeFile(temporary, content, { mode: 0o600 }))
  })

/** Gives a file of the library another name, which takes no room; where the file system cannot do that, it is copied. */
const ensureShared = (file: string, source: string): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const content = yield* fs.readFile(source)
    const found = yield* Effect.option(fs.readFile(file))
    if (found._tag === "Some" && digest(found.value) === digest(content)) return
    yield* replace(file, (temporary) =>
      Effect.catchAll(fs.link(source, temporary), () => fs.writeFile(temporary, content, { mode: 0o600 }))
    )
  })

const ensureNative = (directory: string, native: Package): Written =>
  ensureLink(join(directory, "node_modules", native.name), native.directory)

const ensureLink = (link: string, target: string): Written =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const found = yield* Effect.option(fs.readLink(link))
    if (found._tag === "Some" && found.value === target) return
    yield* fs.makeDirectory(path.dirname(link), { recursive: true, mode: 0o700 })
    yield* replace(link, (temporary) => fs.symlink(target, temporary))
  })

const ensureItem = (bundles: string, directory: string, item: Contents.Item, { sources }: Compiled): Written => {
  const target = join(directory, item.path)
  return item._tag === "File"
    ? SharedFiles.ensure(bundles, target, item, sources.get(item.path) ?? "")
    : ensureLink(target, item.target)
}

const digest = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex")

/**
 * Removes the bundles of the home that are not used and older than an hour: by then the deploy that built a bundle has its
 * snapshot.
 */
export const removeUnused = (
  used: ReadonlySet<string>
): Effect.Effect<number, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { bundles } = yield* Home
    if (!(yield* fs.exists(bundles))) return 0
    const removed = yield* removeOld(bundles, (name) => isDigest(name) && !used.has(name), "1 hour")
    if (removed > 0) yield* SharedFiles.removeUnused(bundles)
    return removed
  })

/** Removes the selected entries of a folder that are older than `age` and returns their number. */
export const removeOld = (
  folder: string,
  isSelected: (name: string) => boolean,
  age: Duration.DurationInput
): Effect.Effect<number, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const oldest = (yield* Clock.currentTimeMillis) - Duration.toMillis(age)
    const selected = (yield* fs.readDirectory(folder)).filter(isSelected).map((name) => join(folder, name))
    const old = yield* Effect.filter(selected, (path) =>
      Effect.map(fs.stat(path), ({ mtime }) => Option.exists(mtime, (at) => at.getTime() < oldest))
    )
    yield* Effect.forEach(old, (path) => fs.remove(path, { recursive: true, force: true }), { discard: true })
    return old.length
  })

// internal

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)
