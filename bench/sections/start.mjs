// Start-up time and memory of a served process against an empty node:http process.
import { join } from "node:path"
import { prepareBare, recipeOf } from "../lib/bare.mjs"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { rssMb } from "../lib/proc.mjs"
import { median } from "../lib/statistics.mjs"
import { startSubject } from "../lib/subject.mjs"
import { show, table } from "../lib/table.mjs"
import { until200 } from "../lib/timing.mjs"
import { callOf } from "../subjects/common.mjs"
import { payloads } from "../subjects/payloads.mjs"

const call = callOf(payloads.small)
const load = 100_000

const timeEmpty = async () => {
  const begun = performance.now()
  const subject = await startSubject("empty.mjs")
  const millis = (await until200(`${subject.url}/invoke`, call)) - begun
  return { millis, rss: rssMb(subject.pid), stop: subject.stop }
}

const timeOurs = async (data, recipe) => {
  const bare = await prepareBare(data, recipe)
  const begun = performance.now()
  const { pid, stop } = bare.start()
  const millis = (await until200(`${bare.url}/invoke`, call)) - begun
  return { millis, rss: rssMb(pid), stop }
}

const afterLoad = async (generator, { pid, url }) => {
  await generator.run({ ...call, url: `${url}/invoke`, pid, connections: 64, amount: load })
  return rssMb(pid)
}

export const measure = async ({ data, generator, quick, rounds, say }) => {
  const home = openHome(join(data, "home-start"))
  const ours = await home.deploy(pipelineFile("small"), "start")
  const recipe = recipeOf(ours)
  const samples = { ours: [], empty: [] }
  const starts = quick ? rounds : rounds * 2 + 1
  for (let round = 0; round <= starts; round++) {
    say(`start: round ${round} of ${starts}`)
    for (const [name, start] of [
      ["empty", timeEmpty],
      ["ours", () => timeOurs(data, recipe)]
    ]) {
      const { stop, ...sample } = await start()
      await stop()
      if (round > 0) samples[name].push(sample)
    }
  }
  const of = (name, field) => median(samples[name].map((sample) => sample[field]))
  const timesAndReady = {
    ours: { millis: of("ours", "millis"), ready: of("ours", "rss") },
    empty: { millis: of("empty", "millis"), ready: of("empty", "rss") }
  }
  if (quick) return timesAndReady
  say(`start: ${load} requests`)
  const empty = await startSubject("empty.mjs")
  timesAndReady.empty.loaded = await afterLoad(generator, empty)
  timesAndReady.ours.loaded = await afterLoad(generator, ours)
  await empty.stop()
  await ours.stop()
  return timesAndReady
}

export const report = ({ empty, ours }) =>
  `Start-up and memory\n\n${table(
    ["", "ms to first 200", "RSS MB then", `RSS MB after ${load.toLocaleString("en")} requests`],
    Object.entries({ "empty node:http": empty, "ours, durable": ours }).map(([name, { loaded, millis, ready }]) => [
      name,
      show(millis),
      show(ready),
      show(loaded)
    ])
  )}`

export const summary = (results) => results
