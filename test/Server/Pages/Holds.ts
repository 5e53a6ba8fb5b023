/** A state of a page for every reader: the rules of axe in both colour schemes, and no sideways scroll bar. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert } from "@effect/vitest"
import type { AxeResults } from "axe-core"
import type { Page } from "playwright-core"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

const violations = async (page: Page, state: string) => {
  await page.evaluate(axe)
  const { violations } = (await page.evaluate("axe.run()")) as AxeResults
  assert.deepStrictEqual(
    violations.map(({ help, nodes }) => [help, nodes[0]?.html]),
    [],
    state
  )
}

/** The page as it is, light and dark, on a phone, a tablet and a desktop. */
export const holds = async (page: Page, state: string) => {
  for (const width of [360, 768, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert.isAtMost(Number(overflow), 0, `${state} at ${width}`)
  }
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    await violations(page, `${state}, ${colorScheme}`)
  }
}
