// Takes the pictures of docs/images: deploys an example, uses its page in a real Chromium, and writes
// PNG files.
//
//   npm run build && node scripts/screenshots.mjs
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { chromium } from "playwright-core"
import { ensure } from "./chromium.mjs"

const folder = "docs/images"
const say = (text) => process.stderr.write(`${text}\n`)

const run = promisify(execFile)

/** Deploys an example in a home of its own, which goes with it. */
const served = async (file, use) => {
  const home = mkdtempSync(join(tmpdir(), "deployers-screenshots-"))
  const env = { ...process.env, DEPLOYERS_HOME: home }
  const deployers = (...args) => run(process.execPath, ["dist/bin.js", ...args], { env })
  try {
    await deployers("deploy", file, "--name", "quotes", "--auth", "none", "--no-typecheck")
    const { stdout } = await deployers("describe", "quotes", "--json")
    await use(/"url": ?"([^"]+)"/.exec(stdout)[1], { deployers, env })
  } finally {
    await deployers("delete", "quotes", "--yes").catch(() => {})
    rmSync(home, { recursive: true, force: true })
  }
}

const shoot = async (page, name) => {
  const path = `${folder}/${name}.png`
  await page.screenshot({ path, animations: "disabled" })
  say(`${path}: ${statSync(path).size} bytes`)
}

/** The form with an example and its answer, and the run with its steps. */
const tour = async (page, { colorScheme, height, name, shots, width }) => {
  const taken = async (part) => {
    if (all || shots.includes(part)) await shoot(page, `${part}-${name}`)
  }
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
  await page.setViewportSize({ width, height })
  await page.reload()
  await page.getByRole("button", { name: "Fill in the example" }).click()
  await page.getByLabel("count").fill("4")
  await page.getByRole("button", { name: "Add item to items" }).click()
  await page.getByLabel("product").nth(1).selectOption("table")
  await page.getByLabel("count").nth(1).fill("1")
  await page.getByLabel("Kind of delivery").selectOption("Courier")
  await page.getByLabel("street").fill("Storgata 1")
  await page.getByLabel("city").fill("Oslo")
  await page.getByRole("button", { name: "Run", exact: true }).click()
  await page.locator("#said").getByText("succeeded").waitFor()
  await page.evaluate("scrollTo(0, 0)")
  await taken("page")
  await page.locator("#rows a").first().click()
  await page.locator("#run .step").first().waitFor()
  await page.locator("#run summary", { hasText: "Log" }).click()
  await page.locator("#run").getByText("of chair").first().waitFor()
  await page.locator("#runs").scrollIntoViewIfNeeded()
  await page.evaluate("document.getElementById('runs').scrollIntoView()")
  await taken("run")
}

/** The page over all deployments of a home, until `use` ends. */
const overAll = async (env, use) => {
  const child = spawn(process.execPath, ["dist/bin.js", "ui", "--json"], { env, stdio: ["ignore", "pipe", "inherit"] })
  try {
    const [line] = await once(child.stdout, "data")
    await use(JSON.parse(String(line)).url)
  } finally {
    child.kill("SIGINT")
    await once(child, "exit")
  }
}

/** The list, and a deployment with a run. */
const tourOverAll = async (page, { colorScheme, height, name, width }) => {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
  await page.setViewportSize({ width, height })
  await page.evaluate("location.hash = 'list'")
  await page.locator("#rows").getByText("quotes").waitFor()
  if (all) await shoot(page, `ui-list-${name}`)
  await page.locator("#rows a").first().click()
  await page.locator("#runRows a").first().click()
  await page.locator("#run .step").first().waitFor()
  await page.locator("#generations").getByText("current").waitFor()
  await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
  await shoot(page, `ui-${name}`)
}

/** The pictures of the docs; `--all` takes each part in each view, to look at after a change. */
const all = process.argv.includes("--all")
const views = [
  { name: "light", colorScheme: "light", width: 1280, height: 900, shots: ["page"] },
  { name: "dark", colorScheme: "dark", width: 1280, height: 900, shots: ["run"] },
  { name: "tablet", colorScheme: "light", width: 768, height: 1024, shots: [] },
  { name: "phone", colorScheme: "dark", width: 390, height: 844, shots: ["page"] }
].filter(({ shots }) => all || shots.length > 0)

mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: await ensure({ say }), chromiumSandbox: false })
try {
  await served("examples/app/quote.ts", async (url, { deployers, env }) => {
    const page = await browser.newPage()
    await page.goto(`${url}/page`)
    for (const view of views) await tour(page, view)
    await deployers(
      "deploy",
      "examples/app/quote.ts",
      "--name",
      "quotes",
      "--auth",
      "none",
      "--no-typecheck",
      "--workers",
      "2"
    )
    await overAll(env, async (address) => {
      await page.goto(address)
      for (const view of views.filter(({ name }) => all || name === "light")) await tourOverAll(page, view)
    })
  })
} finally {
  await browser.close()
}
