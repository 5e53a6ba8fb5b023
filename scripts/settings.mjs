// Writes the table of all settings in docs/settings.md: names, values and defaults from the Schemas, meanings from their doc
// comments. Run it after a change of a setting:
//
//   node scripts/settings.mjs          writes the table
//   node scripts/settings.mjs --check  fails when the page differs; `npm run lint` runs it so
import { readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import { build } from "esbuild"
import ts from "typescript"

const page = "docs/settings.md"
const begin = "<!-- settings: written by scripts/settings.mjs from the Schemas -->"
const end = "<!-- end of settings -->"

/** The Schemas with the flavor that has them, and the files that their fields stand in. */
const flavors = {
  local: { file: "src/Local/Settings.ts", of: ({ Local }) => Local.LocalSettings.fields },
  docker: { file: "src/Docker/Settings.ts", of: ({ Docker }) => Docker.DockerSettings.fields },
  swarm: { file: "src/Swarm/Settings.ts", of: ({ Swarm }) => Swarm.SwarmSettings.fields },
  kubernetes: { file: "src/Kubernetes/Settings.ts", of: ({ Kubernetes }) => Kubernetes.KubernetesSettings.from.fields }
}

/** The modules with the Schemas, without the other parts of their flavors. */
const loadSchemas = async () => {
  const bundled = new URL("../node_modules/.cache/settings.mjs", import.meta.url)
  const contents = [
    ...Object.entries({ Local: "Local", Docker: "Docker", Swarm: "Swarm", Kubernetes: "Kubernetes" }).map(
      ([name, room]) => `export * as ${name} from "./src/${room}/Settings.js"`
    ),
    'export * as Settings from "./src/Settings.js"',
    'export { all } from "./src/Cli/Options/SettingTable.js"'
  ].join("\n")
  await build({
    stdin: { contents, resolveDir: ".", loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: bundled.pathname,
    packages: "external",
    logLevel: "error"
  })
  return import(pathToFileURL(bundled.pathname))
}

/** The doc comments of the fields of every `Schema.Struct` that a file exports: `struct.field` to its text. */
const commentsOf = (file) => {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true)
  const comments = new Map()
  const visit = (name) => (node) => {
    const inside = ts.isVariableDeclaration(node) ? node.name.getText() : name
    if (ts.isPropertyAssignment(node) && node.parent.parent?.getText().startsWith("Schema.Struct")) {
      const [doc] = ts.getJSDocCommentsAndTags(node)
      const deprecated = ts.getJSDocDeprecatedTag(node) !== undefined
      const key = `${inside}.${node.name.getText()}`
      if (doc !== undefined && !comments.has(key))
        comments.set(key, { deprecated, text: ts.getTextOfJSDocComment(doc.comment) ?? "" })
    }
    ts.forEachChild(node, visit(inside))
  }
  visit("")(source)
  return comments
}

const flat = (text) => text.replace(/\s+/g, " ").trim()

/** A clause: up to a full stop, a semicolon or a colon outside code and numbers. */
const clause = "(?:`[^`]*`|\\.\\w|[^.;`])*"
const defaults = [
  new RegExp(`(?:;|,|\\.)? default:? ${clause}(?=[.;])`, "g"),
  new RegExp(`(?<=^|\\. )Default:? ${clause}\\.(?: |$)`, "g"),
  / \(default\)/g
]

/** A comment without its default, which has a column of its own. */
const withoutDefault = (text) => defaults.reduce((left, pattern) => left.replace(pattern, ""), flat(text)).trim()

/** A value in a few words, from its JSON Schema. */
const valueOf = (described) => {
  if (described.$ref !== undefined) return "record"
  if (described.enum !== undefined) return described.enum.map((literal) => `\`${literal}\``).join(", ")
  if (described.anyOf !== undefined) return [...new Set(described.anyOf.map(valueOf))].join(" or ")
  if (described.type === "array") return `list of ${plural(valueOf(described.items ?? {}))}`
  if (described.type === "integer" || described.type === "number") return rangeOf(described)
  if (described.type === "object") return objectOf(described)
  return { string: "text", boolean: "true or false" }[described.type] ?? "value"
}

const plural = (value) => ({ text: "texts", record: "records" })[value] ?? value

const objectOf = ({ properties: { _tag: tag, ...properties } = {} }) => {
  const names = Object.keys(properties)
  if (tag?.enum !== undefined)
    return `\`${tag.enum[0]}\`${names.length === 0 ? "" : ` with ${names.map((name) => `\`${name}\``).join(", ")}`}`
  return names.length === 0 ? "record" : names.map((name) => `\`${name}\``).join(", ")
}

const rangeOf = ({ maximum, minimum, type }) => {
  const word = type === "integer" ? "whole number" : "number"
  if (minimum === undefined) return word
  return maximum === undefined ? `${word}, ${minimum} or more` : `${word}, ${minimum} to ${maximum}`
}

/** The default of a setting; where flavors differ, with those that have it. */
const defaultsOf = (name, having) => {
  const defaults = having.map((flavor) => defaultOf(fieldsOf[flavor][name]))
  const [first, ...others] = new Set(defaults)
  if (others.length === 0) return first
  const whose = (value) => having.filter((_, index) => defaults[index] === value).join(", ")
  return [first, ...others].flatMap((value) => (value === "" ? [] : `${value} (${whose(value)})`)).join(", ")
}

const defaultOf = (field) => {
  const decoded = Schema.decodeUnknownEither(Schema.Struct({ field }))({})
  const value = decoded._tag === "Right" ? decoded.right.field : undefined
  if (value === undefined || value === "") return ""
  const shown = JSON.stringify(value).replace(/^"(.*)"$/, "$1")
  return shown.length > 60 ? "that of each field" : `\`${shown}\``
}

/** The members of a union without `undefined`, which says no more than that a field may be left out. */
const membersOf = (ast) => (ast._tag === "Union" ? ast.types : [ast]).filter(({ _tag }) => _tag !== "UndefinedKeyword")

/** The JSON Schema of a field; of a setting with fields only their names, because some have none. */
const describedOf = (field) => {
  const [{ type }] = Schema.encodedSchema(Schema.Struct({ field })).ast.propertySignatures
  const [only, ...others] = membersOf(type)
  if (others.length === 0 && only._tag === "TypeLiteral" && only.propertySignatures.length > 0)
    return { type: "object", properties: Object.fromEntries(only.propertySignatures.map(({ name }) => [name, {}])) }
  // The encoded side of a number has lost its bounds.
  const whole = only._tag === "NumberKeyword" ? Schema.typeSchema : Schema.encodedSchema
  const { $defs = {}, properties } = JSONSchema.make(whole(Schema.Struct({ field })))
  const { $ref, ...described } = properties.field
  return $ref === undefined ? described : { ...$defs[$ref.split("/").at(-1)], ...described }
}

const cell = (text) => text.replaceAll("|", "\\|")

const modules = await loadSchemas()
const descriptions = new Map(modules.all().map((setting) => [`${setting.group}.${setting.field}`, setting.description]))
const comments = new Map([
  ...commentsOf("src/Settings.ts"),
  ...commentsOf("src/Settings/Serving.ts"),
  ...Object.values(flavors).flatMap(({ file }) => [...commentsOf(file)])
])

/** The rows of the fields of one Schema; `prefix` is the setting that they are fields of. */
const rowsOf = (fields, { group, having, prefix = "", structOf }) =>
  Object.entries(fields).flatMap(([name, field]) => {
    const comment = comments.get(`${structOf(name)}.${name}`)
    if (comment?.deprecated === true || (prefix === "" && ["serving", "recovery"].includes(name))) return []
    const meaning = withoutDefault(comment?.text ?? "") || withoutDefault(descriptions.get(`${group}.${name}`) ?? "")
    if (meaning === "") throw new Error(`The setting ${prefix}${name} has no doc comment.`)
    const flavored =
      having === undefined ? [defaultOf(field)] : [defaultsOf(name, having(name)), having(name).join(", ")]
    return [[`\`${prefix}${name}\``, valueOf(describedOf(field)), ...flavored, meaning]]
  })

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")

const fieldsOf = Object.fromEntries(Object.entries(flavors).map(([flavor, { of }]) => [flavor, of(modules)]))
const common = modules.Settings.Deployment.fields
const structs = {
  local: "LocalSettings",
  docker: "DockerSettings",
  swarm: "SwarmSettings",
  kubernetes: "KubernetesSettings"
}
const having = (name) => Object.keys(fieldsOf).filter((flavor) => Object.hasOwn(fieldsOf[flavor], name))
const own = Object.fromEntries(
  Object.values(fieldsOf).flatMap((fields) => Object.entries(fields).filter(([name]) => !Object.hasOwn(common, name)))
)

const head = ["setting", "value", "default", "meaning"]
const made = [
  "### Of every flavor",
  table(head, [
    ...rowsOf(common, { group: "deployment", structOf: () => "Deployment" }),
    ...rowsOf(modules.Settings.Recovery.fields, { group: "recovery", prefix: "recovery.", structOf: () => "Recovery" })
  ]),
  "### Of some flavors",
  table(
    ["setting", "value", "default", "flavors", "meaning"],
    rowsOf(own, {
      group: "deployment",
      structOf: (name) =>
        having(name)
          .map((flavor) => structs[flavor])
          .find((struct) => comments.has(`${struct}.${name}`)),
      having
    })
  ),
  "### Of serving",
  table(
    head,
    rowsOf(modules.Settings.Serving.fields, { group: "serving", prefix: "serving.", structOf: () => "Serving" })
  )
].join("\n\n")

const text = readFileSync(page, "utf8")
const [before, rest] = text.split(begin)
const [, after] = (rest ?? "").split(end)
if (after === undefined) throw new Error(`${page} has no place for the table.`)
const written = `${before}${begin}\n\n${made}\n\n${end}${after}`

if (written !== text && process.argv.includes("--check")) {
  process.stderr.write(`${page} differs from the Schemas; run node scripts/settings.mjs.\n`)
  process.exitCode = 1
} else {
  writeFileSync(page, written)
}
