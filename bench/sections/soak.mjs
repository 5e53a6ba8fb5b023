// Half load for minutes: memory, descriptors and errors.

import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { descriptors, rssMb } from "../lib/proc.mjs"
import { median } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"
import { callOf } from "../subjects/common.mjs"
import { payloads } from "../subjects/payloads.mjs"

const everyMillis = 2_000
/** Share of the time that counts as warm-up. */
const warmUp = 0.3

/** The slope of a least-squares line, for each minute. */
const slope = (points) => {
  const middleX = points.reduce((sum, { minute }) => sum + minute, 0) / points.length
  const middleY = points.reduce((sum, { rss }) => sum + rss, 0) / points.length
  const over = points.reduce((sum, { minute, rss }) => sum + (minute - middleX) * (rss - middleY), 0)
  return over / points.reduce((sum, { minute }) => sum + (minute - middleX) ** 2, 0)
}

const watch = async (pid, minutes) => {
  const begun = performance.now()
  const points = []
  for (;;) {
    const minute = (performance.now() - begun) / 60_000
    if (minute >= minutes) return points
    points.push({ minute, rss: rssMb(pid), descriptors: descriptors(pid) })
    await sleep(everyMillis)
  }
}

export const measure = async ({ data, generator, minutes, say }) => {
  const home = openHome(join(data, "home-soak"))
  const subject = await home.deploy(pipelineFile("small"), "soak")
  const job = { ...callOf(payloads.small), url: `${subject.url}/invoke`, pid: subject.pid, connections: 64 }
  const { rps } = await generator.run({ ...job, seconds: 5 })
  const rate = Math.max(1, Math.floor(rps / 2))
  say(`soak: ${minutes} minutes at ${rate} requests a second`)
  const [load, points] = await Promise.all([
    generator.run({ ...job, rate, seconds: minutes * 60 }),
    watch(subject.pid, minutes)
  ])
  await subject.stop()
  const settled = points.filter(({ minute }) => minute > minutes * warmUp)
  const counts = settled.map((point) => point.descriptors)
  const bad = Object.entries(load.statuses).reduce((sum, [status, count]) => (status === "200" ? sum : sum + count), 0)
  return {
    minutes,
    rps: load.rps,
    p99: load.p99,
    slope: slope(settled),
    errors: load.errors + bad,
    descriptors: { median: median(counts), spread: Math.max(...counts) - Math.min(...counts) },
    rss: { first: settled[0]?.rss, last: settled.at(-1)?.rss }
  }
}

export const report = ({ descriptors: open, errors, minutes, p99, rps, rss, slope: perMinute }) =>
  `Soak, ${minutes} minutes at half load\n\n${table(
    ["req/s", "p99 ms", "errors", "RSS MB/min", "RSS MB first", "last", "descriptors", "their spread"],
    [[rps, p99, errors, perMinute, rss.first, rss.last, open.median, open.spread].map(show)]
  )}`

export const summary = (results) => results
