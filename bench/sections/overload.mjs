// Durable runs at half of saturation and far beyond it, while somebody asks for the health.

import { join } from "node:path"
import { during } from "../lib/health.mjs"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { median } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"
import { callOf } from "../subjects/common.mjs"
import { bodyOf, payloads } from "../subjects/payloads.mjs"

const saturating = 256
const beyond = 5 * saturating

/** What one run of the busy pipeline costs, so that five times its limit can be offered for real. */
const busyMillis = 2

const overload = async (generator, job) => {
  const { health, result } = await during(job.url, () => generator.run(job))
  return { ...result, health }
}

const measureFast = async ({ generator, rounds, say, seconds }, subject) => {
  const job = { ...callOf(payloads.small), url: `${subject.url}/invoke`, pid: subject.pid, seconds, isLean: true }
  await generator.run({ ...job, connections: saturating })
  const rows = []
  for (let round = 0; round < rounds; round++) {
    say(`overload: round ${round + 1} of ${rounds}`)
    const peak = await generator.run({ ...job, connections: saturating })
    const half = await generator.run({
      ...job,
      connections: 64,
      rate: Math.max(1, Math.floor(peak.rps / 2)),
      seconds: 2 * seconds
    })
    const over = await overload(generator, { ...job, connections: beyond, seconds: 2 * seconds })
    rows.push({ peak: peak.rps, half, over })
  }
  return rows
}

const measureBusy = async ({ generator, rounds, say, seconds }, subject) => {
  const job = {
    ...callOf(payloads.small),
    body: bodyOf({ millis: busyMillis }),
    url: `${subject.url}/invoke`,
    pid: subject.pid,
    seconds: 2 * seconds
  }
  const rows = []
  for (let round = 0; round < rounds; round++) {
    say(`overload: busy pipeline, round ${round + 1} of ${rounds}`)
    const peak = await generator.run({ ...job, connections: 64 })
    const over = await overload(generator, { ...job, connections: 2_000, rate: Math.floor(5 * peak.rps) })
    rows.push({ peak: peak.rps, over })
  }
  return rows
}

const middle = (rows) => ({
  peak: median(rows.map(({ peak }) => peak)),
  goodput: median(rows.map(({ over, peak }) => over.rps / peak)),
  healthP50: median(rows.map(({ over }) => over.health.p50)),
  healthP99: median(rows.map(({ over }) => over.health.p99)),
  refused: median(rows.map(({ over }) => over.answersPerSecond - over.rps)),
  offered: median(rows.map(({ over, peak }) => over.answersPerSecond / peak)),
  halfP99: median(rows.flatMap(({ half }) => (half === undefined ? [] : [half.p99])))
})

export const measure = async (context) => {
  const home = openHome(join(context.data, "home-overload"))
  const fast = await home.deploy(pipelineFile("small"), "fast")
  const busy = await home.deploy(`${pipelineFile("curves")}#busy`, "busy")
  const results = {
    fast: middle(await measureFast(context, fast)),
    busy: middle(await measureBusy(context, busy))
  }
  await fast.stop()
  await busy.stop()
  return results
}

export const report = ({ busy, fast }) =>
  `Overload\n\n${table(
    [
      "",
      "peak req/s",
      "goodput of peak",
      "answered of peak",
      "refused/s",
      "/health p50 ms",
      "/health p99 ms",
      "p99 ms at half load"
    ],
    [
      [`small payload, ${beyond} connections (5 x ${saturating})`, fast],
      [`${busyMillis} ms of work, 5 x its peak offered`, busy]
    ].map(([name, { goodput, halfP99, healthP50, healthP99, offered, peak, refused }]) => [
      name,
      ...[peak, goodput, offered, refused, healthP50, healthP99, halfP99].map(show)
    ])
  )}`

export const summary = (results) => results
