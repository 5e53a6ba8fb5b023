// The imports between the modules of `src`, read with the TypeScript parser: a second, quick witness beside the linter.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import ts from "typescript"

/** Paths, relative to the module's folder, that a module imports or exports from, also when it loads them later. */
const specifiersOf = (source) =>
  ts
    .preProcessFile(source, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))

/** Every module below `folder` with its number of lines and the modules of the folder that it imports. */
export const modulesOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /\.tsx?$/.test(file))
    .sort()
    .map((file) => {
      const source = readFileSync(join(folder, file), "utf8")
      const imports = specifiersOf(source).map((name) => join(dirname(file), name.replace(/\.js$/, ".ts")))
      return { file, lines: source.split("\n").length - 1, imports: imports.map((one) => one.replaceAll("\\", "/")) }
    })

/** The arrows between groups of modules; `groupOf` names the group of a file, or nothing to leave it out. */
export const arrowsOf = (modules, groupOf) => {
  const arrows = new Map()
  for (const { file, imports } of modules) {
    const from = groupOf(file)
    if (from === undefined) continue
    if (!arrows.has(from)) arrows.set(from, new Set())
    for (const one of imports) {
      const to = groupOf(one)
      if (to !== undefined && to !== from) arrows.get(from).add(to)
    }
  }
  return arrows
}
