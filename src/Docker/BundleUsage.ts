/**
 * The use of a machine by the code of a bundle: the programs that it starts, the packages that it has, and the places of
 * some expressions. It is found in the text of the bundle, so computed names stay unknown.
 */
import { SourceMap } from "node:module"
import * as Path from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Packages from "../Bundle/Packages.js"

/** A place in the code of the user or of a package. */
export interface Place {
  /** `weather.ts:12`, or the name of the package. */
  readonly at: string
  /** True in code of the user. */
  readonly own: boolean
}

/** A start of a program. */
export interface Start extends Place {
  readonly shell: boolean
  /** The name of the program, if the code has it as text. */
  readonly program: string | undefined
}

/** A bundle whose code can be searched. */
export interface Bundle {
  readonly starts: ReadonlyArray<Start>
  /** Names of the packages in the bundle. */
  readonly packages: ReadonlySet<string>
  /** The first place in code of the user that matches. */
  readonly ownPlace: (pattern: RegExp) => string | undefined
}

/**
 * Reads a bundle.
 *
 * @param code its program
 * @param map the source map of the program, as JSON
 * @param folder the folder of the bundle, to which the map is relative
 * @param externals names of packages beside the bundle
 */
export const read = (code: string, map: string, folder: string, externals: ReadonlyArray<string>): Bundle => {
  const placeOf = locator(code, map, folder)
  const sources = Option.match(decodeSources(map), { onNone: () => [], onSome: ({ sources }) => sources })
  const bundled = sources.flatMap((source) => packageOf(source ?? "") ?? [])
  return {
    starts: startsOf(code, placeOf),
    packages: new Set([...externals, ...bundled]),
    ownPlace: (pattern) => {
      for (const { index } of code.matchAll(pattern)) {
        const place = placeOf(index)
        if (place?.own === true) return place.at
      }
      return undefined
    }
  }
}

// internal

type Locate = (index: number) => Place | undefined

const decodeSources = Schema.decodeUnknownOption(
  Schema.parseJson(
    Schema.Struct({
      version: Schema.Number,
      sources: Schema.Array(Schema.NullOr(Schema.String)),
      names: Schema.Array(Schema.String),
      mappings: Schema.String
    })
  )
)

const packageOf = (file: string): string | undefined =>
  /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]?.replace("\\", "/")

/** The place of an index of the code; none in the code of this library and of Effect. */
const locator = (code: string, map: string, folder: string): Locate => {
  const sourceMap = Option.map(
    decodeSources(map),
    ({ mappings, names, sources, version }) =>
      new SourceMap({
        file: "",
        version,
        sources: sources.map((source) => source ?? ""),
        sourcesContent: [],
        names: [...names],
        mappings,
        sourceRoot: ""
      })
  )
  return (index) => {
    if (Option.isNone(sourceMap)) return undefined
    const before = code.slice(0, index).split("\n")
    const entry = sourceMap.value.findEntry(before.length - 1, before.at(-1)?.length ?? 0)
    if (!("originalSource" in entry) || entry.originalSource === "") return undefined
    const file = Path.resolve(folder, entry.originalSource)
    if (Packages.isLibrarys(file)) return undefined
    const name = packageOf(file)
    return name === undefined
      ? { at: `${Path.basename(file)}:${entry.originalLine + 1}`, own: true }
      : { at: `the package ${name}`, own: false }
  }
}

interface Binding {
  /** The function of the module; `*` for the module. */
  readonly imported: string
  readonly local: string
}

const module = `["'](?:node:)?child_process["']`
const imports = new RegExp(
  String.raw`import\s*(?:([\w$]+)\s*,?)?\s*(?:\*\s*as\s*([\w$]+)|\{([^}]*)\})?\s*from\s*${module}`,
  "g"
)
const requires = new RegExp(String.raw`([\w$]+|\{[^{}]*\})\s*=\s*(?:[\w$]+\(\s*)?(?:__)?require\d*\(\s*${module}`, "g")

const bindingsOf = (code: string): ReadonlyArray<Binding> => {
  const listed = (list: string) =>
    list.split(",").flatMap((item): ReadonlyArray<Binding> => {
      const [imported = "", local = imported] = item.trim().split(/\s+as\s+|\s*:\s*/)
      return imported === "" ? [] : [{ imported, local }]
    })
  const whole = (local: string | undefined) => (local === undefined ? [] : [{ imported: "*", local }])
  return [
    ...[...code.matchAll(imports)].flatMap(([, one, all, list]) => [
      ...whole(one),
      ...whole(all),
      ...listed(list ?? "")
    ]),
    ...[...code.matchAll(requires)].flatMap(([, target = ""]) =>
      target.startsWith("{") ? listed(target.slice(1, -1)) : whole(target)
    )
  ]
}

const functions = "execFileSync|execFile|execSync|exec|spawnSync|spawn"
const escaped = (name: string) => name.replaceAll("$", "\\$")

const startsOf = (code: string, placeOf: Locate): ReadonlyArray<Start> =>
  bindingsOf(code).flatMap(({ imported, local }) => {
    const pattern =
      imported === "*"
        ? String.raw`(?<![\w$.])${escaped(local)}(?:\.default)?\.(${functions})(?![\w$])`
        : String.raw`(?<![\w$.])${escaped(local)}(?![\w$])`
    return [...code.matchAll(new RegExp(pattern, "g"))].flatMap((match): ReadonlyArray<Start> => {
      const name = match[1] ?? imported
      const place = placeOf(match.index)
      if (place === undefined || !new RegExp(`^(?:${functions})$`).test(name)) return []
      const rest = code.slice(match.index + match[0].length, match.index + match[0].length + 400)
      // The binding itself is no use of it.
      if (/^\s*(?:,[^(]*)?\}\s*(?:from|=)/.test(rest)) return []
      return [{ ...place, ...startOf(name, rest) }]
    })
  })

const shells = new Set(["sh", "bash", "dash", "zsh", "ash"])

/** @param rest the text behind the name of the function */
const startOf = (name: string, rest: string): Pick<Start, "shell" | "program"> => {
  const [, text] = /^\s*\(\s*["'`]([^"'`]*)/.exec(rest) ?? []
  const [call = ""] = rest.split(/\)\s*[;,]/)
  const [word = ""] = (text ?? "").trim().split(/[\s;|&]+/)
  const program = Path.basename(word.includes("$") ? "" : word)
  const shell = /^exec(?:Sync)?$/.test(name) || /shell\s*:\s*(?:true|!0|["'])/.test(call) || shells.has(program)
  return { shell, program: program === "" || shells.has(program) ? undefined : program }
}
