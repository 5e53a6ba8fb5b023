/** The shapes of projects in the corpus. */
import { FileSystem, Path } from "@effect/platform"
import { Effect } from "effect"
import { files } from "./Shapes/Files.js"
import { modules } from "./Shapes/Modules.js"
import { runTime } from "./Shapes/RunTime.js"
import { manifest, type Shape } from "./Shapes/Shape.js"
import { typeScript } from "./Shapes/TypeScript.js"
import { workspaces } from "./Shapes/Workspaces.js"

export const shapes: ReadonlyArray<Shape> = [...workspaces, ...modules, ...typeScript, ...files, ...runTime]

/** Writes the files of a shape into a new folder, and returns the folder. */
export const write = (shape: Shape) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const parent = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "shape-" }))
    const folder = path.join(parent, "project")
    for (const [name, content] of Object.entries(withManifest(shape))) {
      const file = path.join(folder, name)
      yield* fs.makeDirectory(path.dirname(file), { recursive: true })
      if (typeof content === "string") yield* fs.writeFileString(file, content)
      else if (content instanceof Uint8Array) yield* fs.writeFile(file, content)
      else yield* fs.symlink(content.link, file)
    }
    return folder
  })

const withManifest = ({ files }: Shape): Shape["files"] =>
  Object.keys(files).some((name) => name.endsWith("package.json") && !name.includes("node_modules"))
    ? files
    : { "package.json": manifest("shape"), ...files }
