import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("..", import.meta.url))
const page = readFileSync(`${root}/docs/reliability.md`, "utf8")

const groups = { A: 24, B: 29, C: 24, D: 22, E: 11, F: 45, G: 42, H: 6, K: 28, P: 15, W: 10 }
const expected = Object.entries(groups).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, index) => `${group}${String(index + 1).padStart(2, "0")}`)
)

const rows = page
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter(([, id = ""]) => /^[A-HKPW]\d\d$/.test(id))
  .map(([, id = "", , happens = "", shown = ""]) => ({ id, happens, shown }))

/** Pairs of a file and the titles said behind it. */
const named = (shown: string) =>
  Array.from(shown.matchAll(/`([^`]+)`((?:,? "[^"]+")*)/g), ([, file = "", titles = ""]) => ({
    file,
    titles: Array.from(titles.matchAll(/"([^"]+)"/g), ([, title = ""]) => title)
  }))

/** The ids with which the titles of a file begin: one or more, separated by spaces, then a colon. */
const idsOf = (file: string): ReadonlySet<string> => {
  const text = readFileSync(`${root}/${file}`, "utf8")
  const titles = text.matchAll(/["'`]((?:[A-HKPW]\d\d )*[A-HKPW]\d\d): /g)
  return new Set(Array.from(titles, ([, ids = ""]) => ids.split(" ")).flat())
}

const below = (folder: string): ReadonlyArray<string> =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`)

const ids = new Map([...below("test"), ...below("src/Conformance")].map((file) => [file, idsOf(file)]))

describe("docs/reliability.md", () => {
  it("has every row once, in order", () => {
    assert.deepStrictEqual(
      rows.map(({ id }) => id),
      expected
    )
  })

  it.each(rows)("$id names a test, or says why there is none", ({ happens, shown }) => {
    assert.isTrue(named(shown).length > 0 || /Not shown/.test(happens))
    for (const { file, titles } of named(shown)) {
      const text = readFileSync(`${root}/${file}`, "utf8")
      for (const title of titles) assert.include(text, title, file)
    }
  })

  it.each(rows.filter(({ id }) => /^[FGHKPW]/.test(id)))(
    "$id begins a title in each file of its row",
    ({ id, shown }) => {
      for (const { file } of named(shown)) assert.isTrue(ids.get(file)?.has(id), `${file} has no title with ${id}`)
    }
  )

  it("names each file with a title that begins with the id of a row", () => {
    for (const [file, ofFile] of ids) {
      for (const id of ofFile) {
        const row = rows.find((row) => row.id === id)
        assert.isDefined(row, `${id} of ${file} has no row`)
        assert.include(row?.shown, `\`${file}\``, id)
      }
    }
  })
})
