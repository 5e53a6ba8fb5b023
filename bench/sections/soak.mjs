// Half load for minutes: memory, descriptors and errors.

import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { descriptors, rssMb } from "../lib/proc.mjs"
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
    points.push({ minute, rss: rssMb(pid) })
    await sleep(everyMillis)
  }
}

/** Open descriptors while nobody asks for anything. */
const idleDescriptors = async (pid) => {
  await sleep(3_000)
  return descriptors(pid)
}

const wrongAnswers = (statuses) =>
  Object.entries(statuses).reduce((sum, [status, count]) => (status === "200" ? sum : sum + count), 0)

export const measure = async ({ data, generator, minutes, say }) => {
  const home = openHome(join(data, "home-soak"))
  const subject = await home.deploy(pipelineFile("small"), "soak")
  const job = { ...callOf(payloads.small), url: `${subject.url}/invoke`, pid: subject.pid, connections: 64 }
  const { rps } = await generator.run({ ...job, seconds: 5 })
  const before = await idleDescriptors(subject.pid)
  const rate = Math.max(1, Math.floor(rps / 2))
  say(`soak: ${minutes} minutes at ${rate} requests a second`)
  const [load, points] = await Promise.all([
    generator.run({ ...job, rate, seconds: minutes * 60 }),
    watch(subject.pid, minutes)
  ])
  const after = await idleDescriptors(subject.pid)
  await subject.stop()
  const settled = points.filter(({ minute }) => minute > minutes * warmUp)
  return {
    minutes,
    rps: load.rps,
    p99: load.p99,
    slope: slope(settled),
    errors: load.errors + wrongAnswers(load.statuses),
    descriptors: { before, after },
    rss: { first: settled[0]?.rss, last: settled.at(-1)?.rss }
  }
}

export const report = ({ descriptors: open, errors, minutes, p99, rps, rss, slope: perMinute }) =>
  `Soak, ${minutes} minutes at half load\n\n${table(
    ["req/s", "p99 ms", "errors", "RSS MB/min", "RSS MB first", "last", "descriptors before", "after"],
    [[rps, p99, errors, perMinute, rss.first, rss.last, open.before, open.after].map(show)]
  )}`

export const summary = (results) => results
