/**
 * `start.mjs` runs the program beside it as a script, because V8's code cache can be given for scripts only: with it a
 * start takes 40 ms less, as nothing of the library has to be compiled. (`module.enableCompileCache` does that for
 * modules, in Node 22 and later, and from the second start on.)
 *
 * **Details**
 *
 * The script is the text of the module with blanks in the place of its import statements, within a function that is
 * given what they import. So every position stays what it is, `start.mjs` imports the same things in the same order, and
 * waiting at the top level is allowed.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ImportSpecifier } from "es-module-lexer"

/**
 * The text of the start file of a program. A program that has exports, which a function cannot have, or of which an import
 * is not understood, is only imported by it.
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
      onSome: (edits) => startFile({ encoding, mainName, edits })
    })
  })

// internal

const lexer = Effect.promise(async () => {
  const { init, parse } = await import("es-module-lexer")
  await init
  return parse
})

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 128)

/** As long as what they stand for, so that every position stays what it is. */
const names = { "import.meta": "$startMeta$", import: "$load$" } as const
const namespaceName = "$startImport"
const reserved = [...Object.values(names), namespaceName]

/** What stands in the place of some text, and what an import statement there has declared. */
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

/** What an import statement declares, as declarations that take it from a namespace: `a,{b as c}`, `a,* as b`. */
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
  mainName
}: {
  readonly encoding: "latin1" | "utf8"
  readonly mainName: string
  readonly edits: ReadonlyArray<Edit>
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
 * V8 looks at the length of a cache and at what made it, not at its content, and one wrong byte can end the process: so a
 * digest stands before it. V8 also refuses a cache that was made under other flags, and the limit of the heap is one; it
 * was heeded long before.
 */
const loading = `
const [command, manifest] = process.argv.slice(2)
const cacheName = \`code-\${process.version}-\${process.arch}.cache\`
const ownCache = new URL(cacheName, import.meta.url)

const digestBytes = 32
const digestOf = (content) => createHash("sha256").update(content).digest()

const readCache = () => {
  for (const place of manifest === undefined ? [ownCache] : [ownCache, join(dirname(manifest), cacheName)]) {
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
