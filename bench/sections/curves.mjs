// How it grows: connections, body, steps, runs stored.
import { join } from "node:path"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { seedRuns } from "../lib/seed.mjs"
import { medians } from "../lib/statistics.mjs"
import { startSubject } from "../lib/subject.mjs"
import { show, table } from "../lib/table.mjs"
import { callOf } from "../subjects/common.mjs"
import { bodyOf, payloads } from "../subjects/payloads.mjs"

const steady = 32

const points = {
  full: {
    connections: [1, 4, 16, 64, 256, 1_024],
    bytes: [100, 1e3, 1e4, 1e5, 1e6],
    steps: [1, 3, 10, 30, 100],
    runs: [1e3, 1e4, 1e5, 1e6]
  },
  quick: { connections: [1, 32, 1_024], bytes: [100, 1e4, 1e6], steps: [1, 10, 100], runs: [1e3, 1e5] }
}

const measureAt = async ({ generator, rounds, seconds }, subject, job) => {
  const samples = []
  for (let round = 0; round < rounds; round++) {
    const sample = await generator.run({
      ...callOf(payloads.small),
      connections: steady,
      ...job,
      url: `${subject.url}${job.path ?? "/invoke"}`,
      pid: subject.pid,
      seconds
    })
    if (sample.errors > 0 || Object.keys(sample.statuses).some((status) => status !== "200")) {
      throw new Error(`A curve failed: ${JSON.stringify(sample.statuses)}, ${sample.errors} errors.`)
    }
    samples.push(sample)
  }
  const { cpuMicros, p50, p99, rps, rssMb } = medians(samples)
  return { cpuMicros, p50, p99, rps, rssMb }
}

const along = async (context, name, values, measurePoint) => {
  const rows = []
  for (const value of values) {
    context.say(`curves: ${name} ${value}`)
    rows.push({ at: value, ...(await measurePoint(value)) })
  }
  return rows
}

const reading = (path) => ({ method: "GET", body: undefined, connections: 1, path })

export const measure = async (given) => {
  const context = { ...given, rounds: Math.min(given.rounds, 3) }
  const at = given.quick ? points.quick : points.full
  const home = openHome(join(given.data, "home-curves"))
  const small = await home.deploy(pipelineFile("small"), "small")
  const fastify = await startSubject("fastify.mjs", ["small", join(given.data, "curves-fastify.db")])
  const sized = await home.deploy(`${pipelineFile("curves")}#sized`, "sized")
  const stepped = await home.deploy(`${pipelineFile("curves")}#stepped`, "stepped")
  await measureAt(context, small, {})
  let stored = 0
  return {
    "connections, Fastify + transaction": await along(
      context,
      "connections of Fastify",
      at.connections,
      (connections) => measureAt(context, fastify, { connections })
    ),
    "connections, ours": await along(context, "connections", at.connections, (connections) =>
      measureAt(context, small, { connections })
    ),
    "bytes of the body, ours": await along(context, "body", at.bytes, (bytes) =>
      measureAt(context, sized, { body: bodyOf({ text: "x".repeat(bytes - 30) }) })
    ),
    "steps, ours": await along(context, "steps", at.steps, (steps) =>
      measureAt(context, stepped, { body: bodyOf({ steps }) })
    ),
    "runs stored, invoke": await along(context, "runs", at.runs, async (runs) => {
      if (stored === 0) await small.end()
      seedRuns(small.runs, runs - stored)
      stored = runs
      const again = await home.deploy(pipelineFile("small"), "small")
      const row = await measureAt(context, again, {})
      const page = await measureAt(context, again, reading("/runs?limit=50"))
      await again.end()
      return { ...row, page: page.p50 }
    })
  }
}

const tableOf = ([name, rows]) =>
  table(
    [
      name,
      "req/s",
      "p50 ms",
      "p99 ms",
      "CPU µs",
      "RSS MB",
      ...(rows[0]?.page === undefined ? [] : ["page of 50, p50 ms"])
    ],
    rows.map(({ at, cpuMicros, p50, p99, page, rps, rssMb }) => [
      at.toLocaleString("en"),
      ...[rps, p50, p99, cpuMicros, rssMb].map(show),
      ...(page === undefined ? [] : [show(page)])
    ])
  )

export const report = (curves) => `Curves, durable\n\n${Object.entries(curves).map(tableOf).join("\n\n")}`

export const summary = (curves) => curves
