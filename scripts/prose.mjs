// `node scripts/prose.mjs [ROOM ...]`: lists where doc comments, messages, guides and names of tests use words of
// `scripts/prose/rules.mjs`, room by room. `--check` fails when there is a finding; `npm run lint` runs it so.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { allowed, openings, words } from "./prose/rules.mjs"

const isCheck = process.argv.includes("--check")
const wanted = process.argv.slice(2).filter((one) => !one.startsWith("--"))

const walk = (folder, extension) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(extension) && !file.startsWith("api"))
    .map((file) => join(folder, file))

/** `src/Cli/Commands/Logs.ts` and `test/Cli/Commands/Logs.test.ts` belong to Cli, `src/Step.ts` to the domain, pages to docs. */
const roomOf = (file) => {
  const [top, room] = file.replace(/\.(test\.)?ts$/, "").split("/")
  if (top === "src" || top === "test") return /^[A-Z]/.test(room) ? room : top
  return file.endsWith(".md") ? file : top
}

/** A doc comment as plain text, without examples, tags and code. */
const textOf = (comment) =>
  comment
    .replace(/^\/\*\*|^\/\/|\*\/$/g, "")
    .replace(/^[ \t]*\* ?/gm, "")
    .replace(/^@example[\s\S]*?(?=^@|(?![\s\S]))/gm, "")
    .replace(/^@\w+.*$/gm, "")

const withoutCode = (text) =>
  text.replace(/```[\s\S]*?```/g, (code) => code.replace(/[^\n]/g, " ")).replace(/`[^`\n]*`/g, "`x`")

/** The pieces of prose of a module: comments, and strings with a space in them. */
const piecesOf = (file, source) => {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const pieces = []
  const add = (kind, position, text) =>
    pieces.push({ kind, line: tree.getLineAndCharacterOfPosition(position).line + 1, text })
  const seen = new Set()
  const comments = (position) => {
    for (const { end, pos } of ts.getLeadingCommentRanges(source, position) ?? []) {
      if (seen.has(pos)) continue
      seen.add(pos)
      const comment = source.slice(pos, end)
      add(comment.startsWith("/**") ? "doc" : "comment", pos, textOf(comment))
    }
  }
  const visit = (node) => {
    comments(node.getFullStart())
    if (ts.isStringLiteralLike(node) && !ts.isImportDeclaration(node.parent) && /\S \S/.test(node.text)) {
      add("text", node.getStart(), node.text)
    } else if (ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node))
      add("text", node.getStart(), node.text)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return pieces
}

const piecesOfPage = (source) =>
  withoutCode(source)
    .split("\n")
    .map((text, index) => ({ kind: "page", line: index + 1, text }))

const findingsOf = (file) => {
  const source = readFileSync(file, "utf8")
  const pieces = file.endsWith(".md") ? piecesOfPage(source) : piecesOf(file, source)
  return pieces.flatMap(({ kind, line, text }) => {
    const plain = kind === "page" ? text : withoutCode(text)
    const rules = kind === "doc" ? [...words, ...openings] : words
    return rules.flatMap(([pattern, instead]) => {
      const match = pattern.exec(pattern.source.startsWith("^") ? plain.trim() : plain)
      const isAllowed = allowed.some((one) => one.file === file && text.includes(one.text))
      return match === null || isAllowed ? [] : [{ file, line, found: match[0], instead }]
    })
  })
}

const files = [
  ...walk("src", ".ts"),
  ...walk("test", ".test.ts"),
  ...["docs", "examples", "bench"].flatMap((folder) => walk(folder, ".md")),
  ...["README.md", "AGENTS.md", "CONTRIBUTING.md"]
].sort()

const byRoom = new Map()
for (const finding of files.flatMap(findingsOf)) {
  const room = roomOf(finding.file)
  byRoom.set(room, [...(byRoom.get(room) ?? []), finding])
}

const shown = [...byRoom].filter(([room]) => wanted.length === 0 || wanted.includes(room))
for (const [room, findings] of shown) {
  if (isCheck || wanted.length > 0) {
    for (const { file, found, instead, line } of findings) {
      process.stdout.write(`${file}:${line}  "${found}"  ->  ${instead}\n`)
    }
  }
  process.stdout.write(`${room}: ${findings.length}\n`)
}
if (isCheck && shown.length > 0) process.exit(1)
