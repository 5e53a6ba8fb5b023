/**
 * `start.mjs` runs the program beside it as a script, because V8 accepts a code cache for scripts only: with it a start takes
 * 40 ms less, because nothing of the library is compiled. (`module.enableCompileCache` does that for modules, in Node 22 and
 * later, from the second start on.)
 *
 * **Details**
 *
 * The script is the text of the module with blanks in the place of its import statements, inside an async function with the
 * imported namespaces as parameters. All positions are the same, `start.mjs` has the same imports in the same order, and
 * top-level `await` works.
 */
import { isAscii } from "node:buffer"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ImportSpecifier } from "es-module-lexer"

/**
 * The text of the start file of a program. It only imports a program with exports, which a function cannot have, or with an
 * import of an unknown form.
 */
export const make = (main: Uint8Array, mainName: string): Effect.Effect<string> =>
  Effect.map(lexer, (parse) => {
    const encoding = isAscii(main) ? "latin1" : "utf8"
    const text = Buffer.from(main).toString(encoding)
    const edits = Option.flatMap(Option.liftThrowable(() => parse(text))(), ([imports, exports]) =>
      exports.length > 0 || reserved.some((name) => text.includes(name))
        ? Option.none()
        : Option.all(imports.map((specifier) => editOf(text, specifier)))
    )
    return Option.match(edits, {
      onNone: () => `import ${JSON.stringify(`./${mainName}`)}\n`,
      onSome: (edits) => startFile({ encoding, mainName, edits, hasFiles: withContents.test(text) })
    })
  })

// internal

const lexer = Effect.promise(async () => {
  const { init, parse } = await import("es-module-lexer")
  await init
  return parse
})

/** The line of a program that has files beside it. */
const withContents = /^\/\/ contents [0-9a-f]{64}$/m

/** Each is as long as the text it replaces, so that all positions are the same. */
const names = { "import.meta": "$startMeta$", import: "$load$" } as const
const namespaceName = "$startImport"
const reserved = [...Object.values(names), namespaceName]

/** The replacement of some text, and the declarations of an import statement there. */
interface Edit {
  readonly from: number
  readonly instead: string
  readonly imported: ReadonlyArray<Imported>
}

interface Imported {
  readonly specifier: string
  readonly bindings: (namespace: string) => ReadonlyArray<string>
}

const editOf = (text: string, { a, d, n, se, ss }: ImportSpecifier): Option.Option<Edit> => {
  if (d === -2) return Option.some({ from: ss, instead: names["import.meta"], imported: [] })
  const statement = text.slice(ss, se)
  if (d >= 0) {
    const isCall = /^import\s*\(/.test(statement)
    return isCall ? Option.some({ from: ss, instead: names.import, imported: [] }) : Option.none()
  }
  const matched = /^import\b(?:([^"']*?)\s*from)?\s*(["']).*\2$/.exec(statement)
  if (matched === null || n === undefined || a >= 0 || statement.includes("\n")) return Option.none()
  return Option.map(bindingsOf(matched[1] ?? ""), (bindings) => ({
    from: ss,
    instead: " ".repeat(statement.length),
    imported: [{ specifier: n, bindings }]
  }))
}

const identifier = "[\\p{ID_Start}$_][\\p{ID_Continue}$\\u200c\\u200d]*"
const clauses = new RegExp(
  `^\\s*(?:(${identifier})\\s*(?:,\\s*|$))?(?:\\*\\s*as\\s+(${identifier})|(\\{[^{}"']*\\}))?\\s*$`,
  "u"
)

/** The declarations that replace an import clause such as `a,{b as c}` or `a,* as b`, from a namespace. */
const bindingsOf = (clause: string): Option.Option<(namespace: string) => ReadonlyArray<string>> => {
  const [matched, byDefault, all, named] = clauses.exec(clause) ?? []
  return matched === undefined
    ? Option.none()
    : Option.some((namespace) => [
        ...(byDefault === undefined ? [] : [`{default:${byDefault}}=${namespace}`]),
        ...(all === undefined ? [] : [`${all}=${namespace}`]),
        ...(named === undefined ? [] : [`${named.replaceAll(/\s+as\s+/g, ":")}=${namespace}`])
      ])
}

const startFile = ({
  edits,
  encoding,
  hasFiles,
  mainName
}: {
  readonly encoding: "latin1" | "utf8"
  readonly mainName: string
  readonly edits: ReadonlyArray<Edit>
  readonly hasFiles: boolean
}): string => {
  const imported = edits.flatMap((edit) => edit.imported)
  const specifiers = [...new Set(imported.map(({ specifier }) => specifier))]
  const namespaceOf = (specifier: string) => `${namespaceName}${specifiers.indexOf(specifier)}`
  const namespaces = specifiers.map(namespaceOf)
  const declared = imported.flatMap(({ bindings, specifier }) => bindings(namespaceOf(specifier)))
  const given = [...Object.values(names), ...namespaces].join(", ")
  return [
    'import { createHash } from "node:crypto"',
    'import { readFileSync, renameSync, writeFileSync } from "node:fs"',
    'import { dirname, join } from "node:path"',
    'import { fileURLToPath } from "node:url"',
    'import { setFlagsFromString } from "node:v8"',
    'import { Script } from "node:vm"',
    ...specifiers.map((specifier) => `import * as ${namespaceOf(specifier)} from ${JSON.stringify(specifier)}`),
    `const main = new URL(${JSON.stringify(mainName)}, import.meta.url)`,
    `const encoding = "${encoding}"`,
    `const hasFiles = ${hasFiles}`,
    `const edits = ${JSON.stringify(edits.map(({ from, instead }) => [from, instead]))}`,
    `const parameters = "${given}"`,
    `const declarations = ${JSON.stringify(declared.length === 0 ? "" : `const ${declared.join()};`)}`,
    loading,
    `const ${names["import.meta"]} = { ...import.meta, url: main.href, filename: fileURLToPath(main) }`,
    `const ${names.import} = (specifier, options) => import(specifier, options)`,
    `await script.runInThisContext().call(undefined, ${given})`,
    ""
  ].join("\n")
}

/**
 * V8 checks the length and the origin of a cache, not its content, and one wrong byte can end the process: so a digest
 * precedes it. V8 also refuses a cache from other flags. The limit of the heap is one; it took effect long before.
 *
 * V8 also gives a script the file name that its cache was made with. Packages look for modules and files from the name of
 * the file that calls them, so a program with files takes no cache from another place, such as that of a container.
 */
const loading = `
const [command, manifest] = process.argv.slice(2)
const cacheName = \`code-\${process.version}-\${process.arch}.cache\`
const ownCache = new URL(cacheName, import.meta.url)

const digestBytes = 32
const digestOf = (content) => createHash("sha256").update(content).digest()

const readCache = () => {
  for (const place of manifest === undefined || hasFiles ? [ownCache] : [ownCache, join(dirname(manifest), cacheName)]) {
    try {
      const file = readFileSync(place)
      const content = file.subarray(digestBytes)
      if (digestOf(content).equals(file.subarray(0, digestBytes))) return content
    } catch {}
  }
}

const compile = () => {
  const text = readFileSync(main, encoding)
  let end = 0
  let body = ""
  for (const [from, instead] of edits) {
    body += text.slice(end, from) + instead
    end = from + instead.length
  }
  body += text.slice(end)
  return new Script(\`(async function(\${parameters}){"use strict";\${declarations}\\n\${body}\\n})\`, {
    filename: main.href,
    lineOffset: -1,
    cachedData: command === "rehearse" ? undefined : readCache()
  })
}

const heapLimits = process.execArgv.filter((argument) => argument.startsWith("--max-old-space-size="))
if (heapLimits.length > 0) setFlagsFromString("--max-old-space-size=0")
const script = compile()
for (const limit of heapLimits) setFlagsFromString(limit)

if (command === "rehearse") {
  process.once("exit", (code) => {
    if (code !== 0) return
    const draft = new URL(\`\${ownCache.href}.\${process.pid}\`)
    const content = script.createCachedData()
    writeFileSync(draft, Buffer.concat([digestOf(content), content]), { mode: 0o600, flush: true })
    renameSync(draft, ownCache)
  })
}
`.trim()
