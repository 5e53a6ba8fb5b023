/** The files and packages that own modules name in their text, and that neither a bundler nor a tracer follows. */

/** Paths relative to the working directory that a module reads, such as `readFileSync("./data.json")`. */
export const readPaths = (text: string): ReadonlyArray<string> => [
  ...new Set([reading, relative].flatMap((pattern) => [...text.matchAll(pattern)].map(([, , path = ""]) => path)))
]

/** Texts that modules give names, such as `const folder = "data"`: the texts of each name. */
export type Constants = ReadonlyMap<string, ReadonlySet<string>>

/** The constants of modules. Modules import them from each other, so a name may have several texts. */
export const constantsOf = (texts: Iterable<string>): Constants => {
  const found = new Map<string, Set<string>>()
  for (const text of texts) {
    for (const [, name = "", , value = ""] of text.matchAll(constant)) {
      found.set(name, (found.get(name) ?? new Set()).add(value))
    }
  }
  return found
}

/**
 * The ends of paths that a module may compute with a part that no tracer knows, such as `path.join(here, "data", "a.csv")`
 * with the `Path` of a service. They are relative to the module or to the working directory, and few of them exist.
 */
export const pathEnds = (text: string, constants: Constants): ReadonlyArray<string> => {
  const rest = withCommands(text)
    .replace(importing, "")
    .replace(placeholderNamed, (whole, name) => [...(constants.get(name) ?? [whole])][0] ?? whole)
    .replace(placeholderFirst, "$1")
  const literals = [...rest.matchAll(fileName)].map(([, , path = ""]) => path)
  const joins = [...rest.matchAll(joining)].flatMap(([, args = ""]) => endsOf(args, constants))
  const named = [...rest.matchAll(readingNamed)].flatMap(([, name = ""]) => [...(constants.get(name) ?? [])])
  return [...new Set([...literals, ...joins, ...named])].filter((path) => path !== "" && !path.startsWith("/"))
}

/** The packages whose names are texts of a module, out of some names: code may import them by a computed name. */
export const namedPackages = (text: string, names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.filter((name) =>
    quotes.some((quote) => text.includes(`${quote}${name}${quote}`) || text.includes(`${quote}${name}/`))
  )

/**
 * True if a module may load a package by a name that is not the argument of an import: a computed one, or one that it gives
 * to a library, such as the transport of a logger or the driver of a database client.
 */
export const hasComputedImport = (text: string): boolean => computed.test(text)

/** The texts that a module gives to `require.resolve` or `import.meta.resolve`. */
export const resolvedNames = (text: string): ReadonlyArray<string> =>
  /\bresolve\b/.test(text)
    ? [...new Set([...text.matchAll(resolving)].map(([, , name = ""]) => name))].filter((name) => !name.startsWith("/"))
    : []

/** A text with the paths of its command lines as texts of their own: `execSync("python3 scripts/a.py")`. */
export const withCommands = (text: string): string =>
  startsCommands.test(text)
    ? [
        text,
        ...[...text.matchAll(commandLine)].flatMap(([, , line = ""]) =>
          line
            .split(/\s+/)
            .filter((word) => word !== line && isFileName(word))
            .map((word) => `"${word}"`)
        )
      ].join("\n")
    : text

/** True if a module starts a thread or a process with its own file. */
export const startsItself = (text: string): boolean => {
  if (/\bisMainThread\b/.test(text)) return true
  const names = [...text.matchAll(ownFile)].map(([, name = ""]) => name.replaceAll("$", "\\$"))
  const itself = [String.raw`import\.meta\.(?:url|filename)`, "__filename", ...names].join("|")
  return new RegExp(
    String.raw`\b(?:Worker|fork|spawn|spawnSync|execFile|execFileSync)\s*\([^;"'\x60]{0,80}?(?<![\w$.])(?:${itself})\s*[,)\]]`
  ).test(text)
}

/** Globs of the texts that are globs below a folder, or paths of files with a placeholder, such as `"./locales/{{lng}}.json"`. */
export const patterns = (text: string): ReadonlyArray<string> => [
  ...new Set(
    [...text.matchAll(pattern), ...text.matchAll(glob)].map(([, , path = ""]) =>
      path.replace(placeholder, "*").replace(/^(?:\$?\*)?\//, "")
    )
  )
]

/** Globs of modules below a folder, such as `"migrations/*.mjs"`, which a library loads at run time. */
export const modulePatterns = (text: string): ReadonlyArray<string> => [
  ...new Set([...text.matchAll(moduleGlob)].map(([, , path = ""]) => path))
]

/** The texts that are relative paths, wherever they stand. */
export const relativePaths = (text: string): ReadonlyArray<string> => [
  ...new Set([...text.matchAll(relativePath)].map(([, , path = ""]) => path))
]

// internal

const relativePath = /(["'`])(\.{1,2}\/[^"'`$\n*]+)\1/g

const moduleGlob =
  /(["'`])((?:\.{0,2}\/)?(?:[\w@.-]+\/)+(?:\*{1,2}|[\w@.-]*\*[\w@.-]*)(?:\/(?:\*{1,2}|[\w@.-]*\*?[\w@.-]*))*\.[cm]?[jt]sx?)\1/g

const computed =
  /\b(?:require|import|resolve)\s*\(\s*(?!["'][^"'\n]*["']\s*[,)])[^\s)]|\bcreateRequire\b|\b(?:target|type|client|driver|dialect|adapter|transport|preset|plugins?|parser|provider|store|engine|module|loader)s?["']?\s*:/

/** `const self = fileURLToPath(import.meta.url)`. */
const ownFile =
  /(?<![\w$.])([\w$]+)\s*=\s*(?:[\w$.]*fileURLToPath\(\s*|new\s+URL\(\s*)?import\.meta\.(?:url|filename)\b/g

const quotes = ['"', "'", "`"]

/** A text such as "./data.json", wherever it stands. The places of modules are the bundler's to find. */
const relative = /(["'`])(\.\/(?!\.)[^"'`$\n]+\.(?![cm]?[jt]sx?\1)[A-Za-z0-9]+)\1/g

const reading =
  /\b(?:readFile|readFileSync|readFileString|createReadStream|open|openSync|readdir|readdirSync|readDirectory|opendir|cp|cpSync|copyFile|copyFileSync|stream)\s*\(\s*(["'`])(?![/~.]*\/?\.env|\/|[a-z][a-z+.-]+:)([^"'`$\n]+)\1/g

const startsCommands = /\bchild_process\b|\bexeca\b|\bzx\b/

const commandLine = /(["'`])([^"'`\n]*)\1/g

const isFileName = (word: string): boolean => /^[\w@./-]+\.\w+$/.test(word)

const constant = /\b(?:const|let|var)\s+([\w$]+)(?:\s*:\s*string)?\s*=\s*(["'`])([^"'`$\n]+)\2(?!\s*[.+[])/g

/** Imports, which the bundler follows. */
const importing = /\b(?:from|import|require)\s*\(?\s*(?:"[^"\n]*"|'[^'\n]*')/g

/** `${here}/data.json`. */
const placeholderFirst = /(`)\$\{[^{}`]*\}\//g

const placeholderNamed = /\$\{([\w$]+)\}/g

/** A text such as "data/cities.csv", wherever it stands. The places of modules are the bundler's to find. */
const fileName = /(["'`])((?:\.{1,2}\/)*(?:[\w@-][\w@. -]*\/)*[\w@-][\w@. -]*\.(?![cm]?[jt]sx?\1)[A-Za-z0-9]+)\1/g

const joining = /\b(?:join|resolve)\s*\(((?:[^()]|\([^()]*\))*)\)/g

/** The values of the last arguments that are known. */
const endsOf = (args: string, constants: Constants): ReadonlyArray<string> =>
  args
    .split(",")
    .map((arg) => arg.trim())
    .filter((arg) => arg !== "")
    .map((arg) => {
      const [, , text] = /^(["'`])([^"'`$]*)\1$/.exec(arg) ?? []
      return text === undefined ? [...(constants.get(arg) ?? [])] : [text]
    })
    .reduce<ReadonlyArray<string>>(
      (ends, values) =>
        values.length === 0
          ? []
          : ends.length === 0
            ? values
            : ends.flatMap((end) => values.map((value) => `${end}/${value}`)),
      []
    )

const readingNamed =
  /\b(?:readFile|readFileSync|readFileString|createReadStream|readdir|readdirSync|readDirectory|opendir|stream)\s*\(\s*([\w$]+)\b/g

const resolving = /\bresolve\s*\(\s*(["'`])((?:\.{0,2}\/|@?[a-z0-9])[^"'`$\n]*)\1\s*\)/gi

const placeholder = /\$?\{\{?[^{}]*\}?\}|%[sd]/g

/** A glob below a folder, such as "schema/**\/*.graphql". */
const glob =
  /(["'`])((?:\.{0,2}\/)?(?:[\w@.-]+\/)+(?:\*{1,2}|[\w@.-]*\*[\w@.-]*)(?:\/(?:\*{1,2}|[\w@.-]*\*?[\w@.-]*))*\.(?![cm]?[jt]sx?\1)[A-Za-z0-9]+)\1/g

/** Code is the bundler's to find. */
const pattern =
  /(["'`])(?!\w+:)((?:[\w@./-]|\$?\{\{?[\w.\s]+\}?\}|%[sd])*(?:\{\{?\s*\w+\s*\}?\}|%[sd])(?:[\w@./-]|\$?\{\{?[\w.\s]+\}?\}|%[sd])*\.(?![cm]?[jt]sx?\1)[A-Za-z0-9]+)\1/g
