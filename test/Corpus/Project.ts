/** A project with the packages of the corpus, installed by npm. */
import { createRequire } from "node:module"
import { Command, FileSystem, Path } from "@effect/platform"
import { Config, Context, Effect, Layer, Option } from "effect"
import * as Packages from "./Packages.js"

/** The folder of the project. */
export class Project extends Context.Tag("test/Corpus/Project")<Project, string>() {}

/** A folder that keeps its packages from one run to the next. */
const kept = Config.option(Config.string("EFFECT_DEPLOYERS_CORPUS_PROJECT"))

/** Installs the packages of some modules into a new folder, and copies the modules. */
export const layer = (modules: ReadonlyArray<string>) =>
  Layer.scoped(
    Project,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* Effect.flatMap(
        kept,
        Option.match({
          onNone: () => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "corpus-" }), fs.realPath),
          onSome: (folder) => Effect.as(fs.makeDirectory(folder, { recursive: true }), folder)
        })
      )
      yield* install(folder, Packages.dependenciesOf(modules))
      yield* Effect.sync(() => Packages.copyTo(folder))
      return folder
    }).pipe(Effect.orDie)
  )

const install = (folder: string, dependencies: Record<string, string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const manifest = path.join(folder, "package.json")
    const text = JSON.stringify({ name: "corpus", private: true, type: "module", dependencies })
    const installed = yield* Effect.option(fs.readFileString(manifest))
    if (Option.contains(installed, text)) return
    yield* fs.writeFileString(manifest, text)
    const code = yield* Command.make("npm", "install", ...options).pipe(
      Command.workingDirectory(folder),
      Command.stdout("inherit"),
      Command.stderr("inherit"),
      Command.exitCode
    )
    if (code !== 0) {
      yield* fs.remove(manifest)
      return yield* Effect.dieMessage(`npm install ended with exit code ${code}`)
    }
    if ("better-sqlite3" in dependencies) yield* copyAddon(folder)
  })

/** No install script: some download what they could as well leave alone, and every run would compile. */
const options = [
  "--ignore-scripts",
  "--no-engine-strict",
  "--legacy-peer-deps",
  "--no-audit",
  "--no-fund",
  "--prefer-offline",
  "--loglevel=error"
]

/** The driver is a dependency of this library, too, so its addon is built. */
const copyAddon = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const addon = "build/Release/better_sqlite3.node"
    const target = path.join(folder, "node_modules/better-sqlite3", addon)
    yield* fs.makeDirectory(path.dirname(target), { recursive: true })
    yield* fs.copyFile(createRequire(import.meta.url).resolve(`better-sqlite3/${addon}`), target)
  })
