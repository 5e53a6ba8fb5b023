/** The files and packages that own modules name in their text, and that neither a bundler nor a tracer follows. */

/** Paths relative to the working directory that a module reads, such as `readFileSync("./data.json")`. */
export const readPaths = (text: string): ReadonlyArray<string> => [
  ...new Set([reading, relative].flatMap((pattern) => [...text.matchAll(pattern)].map(([, , path = ""]) => path)))
]

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

/** Globs of the texts that are paths of files with a placeholder, such as `"./locales/{{lng}}.json"`. */
export const patterns = (text: string): ReadonlyArray<string> => [
  ...new Set(
    [...text.matchAll(pattern)].map(([, , path = ""]) => path.replace(placeholder, "*").replace(/^(?:\$?\*)?\//, ""))
  )
]

// internal

const computed =
  /\b(?:require|import|resolve)\s*\(\s*(?!["'][^"'\n]*["']\s*[,)])[^\s)]|\bcreateRequire\b|\b(?:target|type|client|driver|dialect|adapter|transport|preset|plugins?|parser|provider|store|engine|module|loader)s?["']?\s*:/

const quotes = ['"', "'", "`"]

/** A text such as "./data.json", wherever it stands. The places of modules are the bundler's to find. */
const relative = /(["'`])(\.\/(?!\.)[^"'`$\n]+\.(?![cm]?[jt]sx?\1)[A-Za-z0-9]+)\1/g

const reading =
  /\b(?:readFile|readFileSync|readFileString|createReadStream|open|openSync|readdir|readdirSync|readDirectory|opendir|cp|cpSync|copyFile|copyFileSync|stream)\s*\(\s*(["'`])(?![/~.]*\/?\.env|\/|[a-z][a-z+.-]+:)([^"'`$\n]+)\1/g

const resolving = /\bresolve\s*\(\s*(["'`])((?:\.{0,2}\/|@?[a-z0-9])[^"'`$\n]*)\1\s*\)/gi

const placeholder = /\$?\{\{?[^{}]*\}?\}|%[sd]|\*+/g

/** Code is the bundler's to find. */
const pattern =
  /(["'`])(?!\w+:)((?:[\w@./-]|\$?\{\{?[\w.\s]+\}?\}|%[sd])*(?:\{\{?\s*\w+\s*\}?\}|%[sd])(?:[\w@./-]|\$?\{\{?[\w.\s]+\}?\}|%[sd])*\.(?![cm]?[jt]sx?\1)[A-Za-z0-9]+)\1/g
