/** The native parts of packages that they find by computed names, so that no tracer sees them. */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Packages from "./Packages.js"
import type { Owned } from "./Travel.js"

type Found = Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path>

/**
 * Finds the installed packages for this platform that packages choose by the name of the platform. Finds the built addons of
 * a package if none of them was traced.
 */
export const find = (packages: Owned, ownerOf: Packages.Owners): Found =>
  Effect.gen(function* () {
    const found = new Set<string>()
    for (const { files, owner } of packages.values()) {
      if (!owner.native) continue
      const platforms = yield* platformFiles(owner, ownerOf)
      const isComplete = [...platforms, ...files].some((file) => file.endsWith(".node"))
      for (const file of [...platforms, ...(isComplete ? [] : yield* builtFiles(owner))]) found.add(file)
    }
    return [...found]
  })

// internal

/** The files of the packages for this platform, and of those that they have in turn. */
const platformFiles = (
  { directory, platforms }: Packages.Package,
  ownerOf: Packages.Owners,
  seen: ReadonlySet<string> = new Set()
): Found =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const found: Array<string> = []
    for (const name of platforms) {
      const place = yield* installed(NodePath.dirname(directory), name)
      if (place === undefined || seen.has(place)) continue
      const folder = yield* Effect.orElseSucceed(fs.realPath(place), () => place)
      found.push(...(folder === place ? [] : [place]), ...(yield* filesBelow(folder)))
      const owner = yield* ownerOf(NodePath.join(folder, "package.json"))
      if (Option.isSome(owner)) {
        found.push(...(yield* platformFiles(owner.value, ownerOf, new Set([...seen, place]))))
      }
    }
    return found
  })

/** The place of a package, as Node searches for it from a folder. */
const installed = (
  folder: string,
  name: string
): Effect.Effect<string | undefined, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const place =
      NodePath.basename(folder) === "node_modules"
        ? NodePath.join(folder, name)
        : NodePath.join(folder, "node_modules", name)
    if (yield* Effect.orElseSucceed(fs.exists(place), () => false)) return place
    const parent = NodePath.dirname(folder)
    return parent === folder ? undefined : yield* installed(parent, name)
  })

/** The result of a build on this machine, or the files that are prebuilt for this platform. */
const builtFiles = ({ directory }: Packages.Package): Found =>
  Effect.map(
    Effect.all([
      filesBelow(NodePath.join(directory, "build", "Release"), false),
      filesBelow(NodePath.join(directory, "prebuilds", `${process.platform}-${process.arch}`))
    ]),
    ([built, prebuilt]) => [...built, ...prebuilt]
  )

/** Texts for people and for compilers. */
const isText = /\.(?:md|map|d\.[cm]?ts)$/i

const filesBelow = (folder: string, deep = true): Found =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), (): ReadonlyArray<string> => [])
    const found = yield* Effect.forEach(names, (name) => {
      const file = NodePath.join(folder, name)
      return isText.test(name)
        ? Effect.succeed([])
        : Effect.flatMap(Effect.option(fs.stat(file)), (info) => {
            if (Option.isNone(info)) return Effect.succeed([])
            if (info.value.type === "Directory") return deep ? filesBelow(file) : Effect.succeed([])
            return Effect.succeed([file])
          })
    })
    return found.flat()
  })
