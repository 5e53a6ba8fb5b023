/** Reads the project around a folder: its copies of Effect, and its TypeScript. */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import type { Path as PathService } from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TypeScriptProject from "../../Bundle/TypeChecker/Project.js"
import type { EffectCopy, Project } from "./Facts.js"

/** The project of a folder: the nearest folder with a `package.json`; none if no folder above has one. */
export const projectOf = (
  from: string
): Effect.Effect<Option.Option<Project>, never, FileSystem.FileSystem | PathService> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const isProject = (folder: string) => orFalse(fs.exists(Path.join(folder, "package.json")))
    const folder = yield* Effect.findFirst(upwards(from), isProject)
    if (Option.isNone(folder)) return Option.none()
    const typed = yield* Effect.orElseSucceed(
      TypeScriptProject.find(Path.join(folder.value, "index.ts")),
      Option.none<TypeScriptProject.Project>
    )
    return Option.some({
      folder: folder.value,
      copies: yield* copiesOf(folder.value),
      compiler: Option.map(typed, ({ compiler }) => compiler)
    })
  })

/** The copies of Effect that modules of a project can load, each once. */
export const copiesOf = (project: string): Effect.Effect<ReadonlyArray<EffectCopy>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const found = new Map<string, string>()
    const seen = new Set<string>()
    for (const folder of upwards(project)) yield* search(Path.join(folder, "node_modules"), found, seen)
    return [...found].map(([folder, version]) => ({ folder, version }))
  })

// internal

const upwards = (from: string): ReadonlyArray<string> => {
  const parent = Path.dirname(from)
  return parent === from ? [from] : [from, ...upwards(parent)]
}

const orFalse = <E, R>(effect: Effect.Effect<boolean, E, R>) => Effect.orElseSucceed(effect, () => false)

/** Looks into a `node_modules`, those of its packages, and pnpm's store, each folder once. */
const search = (
  modules: string,
  found: Map<string, string>,
  seen: Set<string>
): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const real = yield* Effect.option(fs.realPath(modules))
    if (Option.isNone(real) || seen.has(real.value)) return
    seen.add(real.value)
    const packages = yield* packagesIn(real.value)
    yield* Effect.forEach(packages, (folder) => look(folder, found, seen), { concurrency: 16, discard: true })
  })

const look = (folder: string, found: Map<string, string>, seen: Set<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (Path.basename(folder) === "effect") yield* note(folder, found)
    const real = yield* Effect.orElseSucceed(fs.realPath(folder), () => folder)
    yield* search(Path.join(real, "node_modules"), found, seen)
  })

/** The package with the name `effect`; a folder of that name in a scope is another package. */
const note = (folder: string, found: Map<string, string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const real = yield* fs.realPath(folder)
    const manifest = yield* Effect.flatMap(fs.readFileString(Path.join(real, "package.json")), decodeManifest)
    if (manifest.name === "effect") found.set(real, manifest.version)
  }).pipe(Effect.ignore)

const decodeManifest = Schema.decodeUnknown(
  Schema.parseJson(Schema.Struct({ name: Schema.String, version: Schema.String }))
)

/** The folders of packages: `name`, `@scope/name`, and the `name@version` of pnpm's store. */
const packagesIn = (modules: string): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const folders = yield* namesIn(modules)
    const nested = yield* Effect.forEach(folders, (name) =>
      name.startsWith("@") || name === ".pnpm"
        ? Effect.map(namesIn(Path.join(modules, name)), (names) => names.map((one) => Path.join(modules, name, one)))
        : Effect.succeed(name.startsWith(".") ? [] : [Path.join(modules, name)])
    )
    return nested.flat()
  })

const namesIn = (folder: string): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.readDirectory(folder), () => []))
