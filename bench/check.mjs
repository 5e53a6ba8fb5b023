// `npm run bench:check`: measures a few comparisons of invoking and fails when a ratio is clearly worse than in
// bench/baseline.json. What looks worse is measured a second time before it counts.
import { withCleanup } from "./lib/cleanup.mjs"
import { startGenerator } from "./lib/generator.mjs"
import { grid, measured, readBaseline, regressions } from "./lib/guard.mjs"
import { makeScratch } from "./lib/scratch.mjs"
import { show, table } from "./lib/table.mjs"
import { measure } from "./sections/hot.mjs"

const say = (text) => process.stderr.write(`${text}\n`)
const print = (text) => process.stdout.write(`${text}\n`)

const row = ({ isRegression, name, now, then }) => [
  name,
  show(then?.ratio),
  show(now.ratio),
  show(then?.cpuRatio),
  show(now.cpuRatio),
  then === undefined ? "new" : isRegression ? "REGRESSION" : "ok"
]

const head = ["ratio", "req/s then", "now", "CPU then", "now", ""]

const attempt = async (number) => {
  const folder = await makeScratch()
  const context = {
    folder,
    data: folder,
    generator: startGenerator(),
    grid,
    only: measured,
    rounds: 3,
    seconds: 1,
    say
  }
  const found = regressions(await measure(context), readBaseline())
  print(`\n${table(head, found.map(row))}`)
  const worse = found.filter(({ isRegression }) => isRegression).map(({ name }) => name)
  if (worse.length === 0 || number === 2) return worse
  say("Something looks worse; measuring once more.")
  const again = await attempt(2)
  return worse.filter((name) => again.includes(name))
}

const exitCode = await withCleanup(async () => {
  const worse = await attempt(1)
  print(worse.length === 0 ? "\nNo ratio is clearly worse." : `\n${worse.length} ratios are clearly worse.`)
  return worse.length === 0 ? 0 : 1
})
process.exit(exitCode)
