// `npm run bench`: measures, prints tables and goals, and writes them down. See README.md here.
import { writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { judge } from "./goals.mjs"
import { withCleanup } from "./lib/cleanup.mjs"
import { optionsOf } from "./lib/context.mjs"
import { startGenerator } from "./lib/generator.mjs"
import { saveBaseline } from "./lib/guard.mjs"
import { makeScratch, syncMillis } from "./lib/scratch.mjs"
import { show, table } from "./lib/table.mjs"

const options = optionsOf(process.argv.slice(2))
const print = (text) => process.stdout.write(`${text}\n`)
const say = (text) => process.stderr.write(`${text}\n`)

const goalRow = ({ goal, note, pass, peer, ratio, sign, subject, target, unit }) => [
  goal,
  subject,
  peer,
  note === undefined ? `${show(ratio)} ${unit}` : "-",
  `${sign} ${show(target)} ${unit}`,
  note === undefined ? (pass ? "pass" : "FAIL") : `FAIL: ${note}`
]

const machine = (sync) => ({
  syncMillis: sync,
  cores: cpus().length,
  processor: cpus()[0]?.model,
  node: process.version,
  platform: `${process.platform} ${process.arch}`
})

const describe = ({ cores, node, processor, syncMillis: sync }) =>
  `Node ${node.slice(1)}, ${cores} cores (${processor}), ${show(sync)} ms until a write is on disk.`

const measureAll = async () => {
  const folder = await makeScratch()
  const data = options.data === undefined ? folder : await makeScratch(options.data)
  const context = { ...options, folder, data, say, generator: startGenerator() }
  const about = machine(syncMillis(data))
  print(describe(about))
  const results = {}
  const summaries = {}
  for (const name of options.sections) {
    const section = await import(`./sections/${name}.mjs`)
    results[name] = await section.measure(context)
    summaries[name] = section.summary(results[name])
    print(`\n${section.report(results[name])}`)
  }
  const goals = judge(results)
  if (goals.length > 0) {
    print(`\n${table(["goal", "subject", "peer", "measured", "target", ""], goals.map(goalRow))}`)
    print(`\n${goals.filter(({ pass }) => pass).length} of ${goals.length} goals are met.`)
  }
  if (options.saveBaseline && results.hot !== undefined) saveBaseline(results.hot, about)
  return { goals, measuredAt: new Date().toISOString(), machine: about, options, sections: summaries }
}

const exitCode = await withCleanup(async () => {
  const results = await measureAll()
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`)
  return 0
})
process.exit(exitCode)
