// `node scripts/architecture.mjs`: draws the rooms of `src` from their imports into `docs/architecture.md`, and writes the
// table of rooms in `AGENTS.md`. `--check` (a part of `npm run lint`) changes nothing and fails when a page and the code
// disagree in anything but the numbers of files and lines, which every commit changes.
import { readFileSync, writeFileSync } from "node:fs"
import { chart, circleSentence, floorList, table } from "./architecture/drawing.mjs"
import { floorsOf } from "./architecture/graph.mjs"
import { arrowsOf, modulesOf } from "./architecture/imports.mjs"
import house from "./architecture/rooms.cjs"

const { foundation, rooms } = house
const domain = "the domain"
const modules = modulesOf("src")

/** Rooms whose inside is drawn, too. */
const opened = ["Server", "Deployer", "Docker"]

const firstName = (file) => file.split("/")[0].replace(/\.ts$/, "")

/** The room of a module; the root entries belong to none, the program to Cli. */
const roomOf = (file) => {
  const name = firstName(file)
  if (foundation.modules.includes(name)) return domain
  return name === "bin" ? "Cli" : name === "index" || name === "browser" ? undefined : name
}

/** `Errors.ts` and `Snapshot.ts` gather exports of rooms above for users: they are on no floor. */
const fronts = new Set(["Errors.ts", "Snapshot.ts"])

const outer = arrowsOf(
  modules.filter(({ file }) => !fronts.has(file)),
  roomOf
)

/** The folders and the loose modules of a room, a box for each; the index, which only exports, has none. */
const inside = (room) =>
  arrowsOf(modules, (file) => {
    const [first, second, third] = file.split("/")
    if (first !== room || second === "index.ts") return undefined
    return third === undefined ? second.replace(/\.ts$/, "") : `${second}/`
  })

/** Lines to the nearest hundred: the exact number changes with every commit. */
const rounded = (lines) => String(Math.max(1, Math.round(lines / 100)) * 100)

const sizeOf = (isIn) => {
  const own = modules.filter(({ file }) => isIn(file))
  return [String(own.length), rounded(own.reduce((sum, { lines }) => sum + lines, 0))]
}

const code = (names) => names.map((name) => `\`${name}\``).join(" ")

const roomTable = () => {
  const floors = floorsOf(outer)
  const rows = [...outer.keys()]
    .sort((a, b) => floors.get(a) - floors.get(b) || (a < b ? -1 : 1))
    .map((room) => {
      const holds = room === domain ? foundation.holds : (rooms[room]?.holds ?? "not declared")
      const imports = [...outer.get(room)].filter((one) => one !== domain).sort()
      const name = room === domain ? code(foundation.modules) : code([room])
      return [String(floors.get(room)), name, holds, code(imports) || "-", ...sizeOf((file) => roomOf(file) === room)]
    })
  return table(["floor", "room", "what lives there", "imports, besides the domain", "files", "lines"], rows)
}

const insideTable = (room) => {
  const arrows = inside(room)
  const floors = floorsOf(arrows)
  const rows = [...arrows.keys()]
    .sort((a, b) => floors.get(a) - floors.get(b) || (a < b ? -1 : 1))
    .map((name) => [
      String(floors.get(name)),
      code([name]),
      code([...arrows.get(name)].sort()) || "-",
      ...sizeOf((file) => file === `${room}/${name}.ts` || (file.startsWith(`${room}/${name}`) && name.endsWith("/")))
    ])
  return table(["floor", "room or module", "imports, within the room", "files", "lines"], rows)
}

const drawing = [
  `${chart(outer)}\n\n${floorList(outer)}\n\n${circleSentence(outer)}\n\n${roomTable()}`,
  ...opened.map((room) => {
    const arrows = inside(room)
    return `### Inside \`${room}\`\n\n${chart(arrows)}\n\n${circleSentence(arrows)}\n\n${insideTable(room)}`
  })
].join("\n\n")

const rules = table(
  ["room", "what lives there", "may import"],
  [
    [code(foundation.modules), foundation.holds, "each other"],
    ...Object.entries(rooms).map(([room, { holds, imports }]) => [
      code([room]),
      holds,
      imports.length === 0 ? "the domain" : code(imports)
    ])
  ]
)

const pages = [
  { page: "docs/architecture.md", marker: "rooms", text: drawing },
  { page: "AGENTS.md", marker: "house", text: rules }
]

const replaced = (source, marker, text) =>
  source.replace(
    new RegExp(`(<!-- ${marker}: .*?-->\\n)[\\s\\S]*?(\\n<!-- end of ${marker} -->)`),
    (_, begin, end) => `${begin}${text}${end}`
  )

/** A page without the numbers of files and lines, the last two columns of the tables drawn here. */
const structureOf = (text) => text.replace(/ \| \d+ \| \d+ \|$/gm, " |")

const complaints = []
for (const { marker, page, text } of pages) {
  const source = readFileSync(page, "utf8")
  if (!source.includes(`<!-- end of ${marker} -->`)) complaints.push(`${page} has no markers of "${marker}".`)
  const result = replaced(source, marker, text)
  if (!process.argv.includes("--check")) writeFileSync(page, result)
  else if (structureOf(source) !== structureOf(result)) {
    complaints.push(
      `${page} differs from the imports of src: run \`node scripts/architecture.mjs\` and look at the change.`
    )
  }
}
for (const [room, { imports }] of Object.entries(rooms)) {
  const unused = imports.filter((one) => !outer.get(room)?.has(one))
  if (unused.length > 0) {
    complaints.push(
      `${room} may import ${unused.join(", ")} and does not: take it out of scripts/architecture/rooms.cjs.`
    )
  }
}
for (const complaint of complaints) process.stderr.write(`${complaint}\n`)
if (complaints.length > 0) process.exitCode = 1
