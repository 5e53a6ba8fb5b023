/**
 * Positions in a bundle, said as positions in its sources. Node's own `--enable-source-maps` reads the map before the
 * first line runs, which costs a start more than everything else; here it is read when the first stack is shown.
 */
import * as Fs from "node:fs"
import { SourceMap } from "node:module"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"

/**
 * Makes what rewrites the positions of a program in a text. A program without a map, or with one that cannot be read, is
 * left as it is.
 *
 * @param program The file that runs; its map lies beside it, with `.map` at the end of the name.
 */
export const make = (program: string): ((text: string) => string) => {
  const name = `${Path.basename(program)}:`
  const pattern = positionsIn(program)
  const map = lazily(() => read(`${program}.map`))
  return (text) =>
    text.includes(name)
      ? text.replace(
          pattern,
          (position: string, line: string, column: string) =>
            original(map(), program, Number(line), Number(column)) ?? position
        )
      : text
}

// internal

const positionsIn = (program: string): RegExp => {
  const names = [pathToFileURL(program).href, program].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
  return new RegExp(`(?:${names.join("|")}):(\\d+):(\\d+)`, "g")
}

const read = (file: string): SourceMap | undefined => {
  try {
    return new SourceMap(JSON.parse(Fs.readFileSync(file, "utf8")))
  } catch {
    return undefined
  }
}

/** The map is many times larger than the program, so it is kept only as long as there is room. */
const lazily = (load: () => SourceMap | undefined): (() => SourceMap | undefined) => {
  let kept: WeakRef<SourceMap> | undefined
  return () => {
    const map = kept?.deref() ?? load()
    kept = map === undefined ? undefined : new WeakRef(map)
    return map
  }
}

const original = (map: SourceMap | undefined, program: string, line: number, column: number): string | undefined => {
  const entry = map?.findEntry(line - 1, column - 1)
  if (entry === undefined || !("originalSource" in entry)) return undefined
  const source = Path.resolve(Path.dirname(program), entry.originalSource)
  return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}
