// Folders with pipeline modules, as a user without a checkout of this library would have them.
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Bundle } from "effect-deployers"
import * as Home from "../../src/Store/Home.js"

/** The bundler with a home of its own, away from any `node_modules`. */
export const layer = Bundle.layer.pipe(
  Layer.provideMerge(
    Layer.unwrapScoped(
      Effect.map(
        Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "home-" })),
        Home.layer
      )
    )
  ),
  Layer.provideMerge(NodeContext.layer)
)

/** Writes files into a new folder and gives the path of the first. */
export const write = (files: Record<string, string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "pipelines-" }))
    for (const [name, content] of Object.entries(files)) {
      yield* fs.makeDirectory(path.join(folder, path.dirname(name)), { recursive: true })
      yield* fs.writeFileString(path.join(folder, name), content)
    }
    return path.join(folder, Object.keys(files)[0] ?? "")
  }).pipe(Effect.orDie)

export const imports = `
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
`

export const pipeline = (name: string): string => `
export const ${name} = Pipeline.make("${name}", {
  input: Schema.Struct({ name: Schema.String }),
  output: Schema.Struct({ greeting: Schema.String }),
  run: ({ name }) => Effect.succeed({ greeting: "Hello, " + name + "!" })
})
`

export const greeting = imports + pipeline("greet")
