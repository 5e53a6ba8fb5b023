/** The project that a pipeline's module belongs to. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A project. All paths are absolute and without links. */
export interface Project {
  /**
   * The folder of the nearest `package.json`, else that of the module. It is the working directory of the service. A
   * `package.json` with nothing but the kind of its modules is a part of the project above it.
   */
  readonly directory: string
  /** The folder of the workspace, else the same as `directory`. */
  readonly workspace: string
  /** The names of the packages that the project declares for production. */
  readonly dependencies: ReadonlyArray<string>
}

/** Finds the project of a module. */
export const find = (file: string): Effect.Effect<Project, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const start = yield* Effect.orElseSucceed(fs.realPath(path.dirname(file)), () => path.dirname(file))
    const directory = yield* directoryOf(start)
    const declared = yield* readPackage(directory)
    return { directory, workspace: yield* workspaceOf(directory), dependencies: namesOf(declared) }
  })

// internal

const Dependencies = Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }), {
  default: () => ({})
})

const PackageJson = Schema.parseJson(
  Schema.Struct({
    workspaces: Schema.optional(Schema.Unknown),
    dependencies: Dependencies,
    optionalDependencies: Dependencies
  })
)

const nothing: typeof PackageJson.Type = { dependencies: {}, optionalDependencies: {} }

const readPackage = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const text = yield* fs.readFileString(path.join(folder, "package.json"))
    return yield* Schema.decode(PackageJson)(text)
  }).pipe(Effect.orElseSucceed(() => nothing))

const namesOf = ({ dependencies, optionalDependencies }: typeof PackageJson.Type): ReadonlyArray<string> => [
  ...new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)])
]

type Found<A> = Effect.Effect<A, never, FileSystem.FileSystem | Path.Path>

const nearest = (folder: string, name: string): Found<Option.Option<string>> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    if (yield* exists(fs, path.join(folder, name))) return Option.some(folder)
    const parent = path.dirname(folder)
    return parent === folder ? Option.none() : yield* nearest(parent, name)
  })

/** The nearest folder that declares a workspace, which has the packages that its members share. */
const workspaceOf = (directory: string): Found<string> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const fs = yield* FileSystem.FileSystem
    const isWorkspace = (folder: string) =>
      Effect.if(exists(fs, path.join(folder, "pnpm-workspace.yaml")), {
        onTrue: () => Effect.succeed(true),
        onFalse: () => Effect.map(readPackage(folder), ({ workspaces }) => workspaces !== undefined)
      })
    const search = (folder: string): Found<string> =>
      Effect.flatMap(isWorkspace(folder), (found) => {
        const parent = path.dirname(folder)
        return found ? Effect.succeed(folder) : parent === folder ? Effect.succeed(directory) : search(parent)
      })
    return yield* search(directory)
  })

const directoryOf = (start: string): Found<string> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const own = yield* nearest(start, "package.json")
    if (Option.isNone(own) || !(yield* isMarker(own.value))) return Option.getOrElse(own, () => start)
    const above = yield* nearest(path.dirname(own.value), "package.json")
    return Option.isNone(above) ? own.value : yield* directoryOf(above.value)
  })

const Marker = Schema.parseJson(Schema.Struct({ type: Schema.String }))

/** True for a `package.json` such as `{ "type": "module" }`. */
const isMarker = (folder: string): Found<boolean> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const text = yield* fs.readFileString(path.join(folder, "package.json"))
    yield* Schema.decode(Marker, { onExcessProperty: "error" })(text)
    return true
  }).pipe(Effect.orElseSucceed(() => false))

const exists = (fs: FileSystem.FileSystem, file: string) => Effect.orElseSucceed(fs.exists(file), () => false)
