// Runs of ten steps, each of which is on disk before the next one begins: ours, by hand, and a workflow engine.
import { join } from "node:path"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { median, medians } from "../lib/statistics.mjs"
import { startSubject } from "../lib/subject.mjs"
import { show, table } from "../lib/table.mjs"
import { key } from "../subjects/common.mjs"

const connections = [1, 32]

export const names = {
  ours: "ours, resume",
  relaxed: "ours, resume, relaxed",
  byHand: "better-sqlite3 by hand",
  workflow: "@effect/workflow, SQL"
}

const call = {
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
  body: JSON.stringify({ parameters: { count: 1 } })
}

/** One run before the measurement: a wrong answer fails the bench. */
const verify = async (name, { url }) => {
  const response = await fetch(`${url}/invoke`, call)
  const { outputs } = await response.json()
  if (response.status !== 200 || outputs?.count !== 11) throw new Error(`${name} answered ${response.status}.`)
}

const sampleOf = async ({ generator, seconds }, name, subject, count) => {
  const sample = await generator.run({
    ...call,
    url: `${subject.url}/invoke`,
    pid: subject.pid,
    connections: count,
    seconds
  })
  if (sample.errors > 0 || Object.keys(sample.statuses).some((status) => status !== "200")) {
    throw new Error(`${name} failed: ${JSON.stringify(sample.statuses)}, ${sample.errors} errors.`)
  }
  return sample
}

export const measure = async (context) => {
  const home = openHome(join(context.data, "home-durable"))
  const serve = (name, serving) => home.deploy(pipelineFile("durable"), name, { serving })
  const subjects = {
    ours: await serve("durable", { recovery: "resume" }),
    relaxed: await serve("relaxed", { recovery: "resume", recording: "relaxed" }),
    byHand: await startSubject("durable-by-hand.mjs", [join(context.data, "durable-by-hand.db")]),
    workflow: await startSubject("durable-workflow.mjs", [join(context.data, "durable-workflow.db")])
  }
  for (const [name, subject] of Object.entries(subjects)) await verify(names[name], subject)
  const rows = []
  for (const count of connections) {
    const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]))
    for (let round = 0; round < context.rounds; round++) {
      context.say(`durable: ${count} connections, round ${round + 1}`)
      const order = Object.entries(subjects)
      if (round % 2 === 1) order.reverse()
      for (const [name, subject] of order) samples[name].push(await sampleOf(context, names[name], subject, count))
    }
    for (const [name, of] of Object.entries(samples)) {
      const ratios = of.map(({ rps }, round) => samples.ours[round].rps / rps)
      rows.push({ name, connections: count, ...medians(of), ratio: median(ratios) })
    }
  }
  return rows
}

export const report = (rows) =>
  `Runs of ten steps, each on record before the next\n\n${table(
    ["", "connections", "runs/s", "p50 ms", "CPU µs", "ours over it"],
    rows.map(({ connections: count, cpuMicros, name, p50, ratio, rps }) => [
      names[name],
      String(count),
      ...[rps, p50, cpuMicros, ratio].map(show)
    ])
  )}`

export const summary = (rows) => rows
