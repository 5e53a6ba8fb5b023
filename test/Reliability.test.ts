import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("..", import.meta.url))
const page = readFileSync(`${root}/docs/reliability.md`, "utf8")

const groups = { A: 24, B: 28, C: 24, D: 20, E: 11 }
const expected = Object.entries(groups).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, index) => `${group}${String(index + 1).padStart(2, "0")}`)
)

const rows = page
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter(([, id = ""]) => /^[A-E]\d\d$/.test(id))
  .map(([, id = "", , happens = "", shown = ""]) => ({ id, happens, shown }))

/** Pairs of a file and the titles said behind it. */
const named = (shown: string) =>
  Array.from(shown.matchAll(/`([^`]+)`((?:,? "[^"]+")*)/g), ([, file = "", titles = ""]) => ({
    file,
    titles: Array.from(titles.matchAll(/"([^"]+)"/g), ([, title = ""]) => title)
  }))

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
})
