// Invoke with the runs in PostgreSQL: ours, with one, two and three instances on one run store, and Fastify with a transaction
// for each request. The server flushes each commit to its disk.
import { join } from "node:path"
import pg from "pg"
import { start } from "../../scripts/postgres.mjs"
import { onEnd } from "../lib/cleanup.mjs"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { median, medians, orderOf } from "../lib/statistics.mjs"
import { startSubject } from "../lib/subject.mjs"
import { show, table } from "../lib/table.mjs"
import { verify } from "../lib/verify.mjs"
import { payloads } from "../subjects/payloads.mjs"
import { sampleOf } from "./hot.mjs"

const connections = [1, 32]
const payload = "small"
const secret = "RUNS_URL"

export const names = {
  ours: "ours, on PostgreSQL",
  two: "the same, 2 instances",
  three: "the same, 3 instances",
  fastify: "Fastify + transaction"
}

const durable = ["fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_connections=100"]

/** Runs with both of their steps. */
const stored = async (url, runs, steps) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const count = async (of) => Number((await client.query(`SELECT count(*) AS n FROM ${of}`)).rows[0].n)
  const [all, parts] = [await count(runs), await count(steps)]
  await client.end()
  return parts === 2 * all ? all : Number.NaN
}

export const measure = async (context) => {
  const server = await start({ settings: durable, say: context.say })
  onEnd(() => server.stop())
  const home = openHome(join(context.data, "home-postgres"))
  await home.setSecret(secret, server.url)
  const serve = (name, workers) =>
    home.deploy(pipelineFile(payload), name, { serving: { runStoreSecret: secret, workers } }, { postgres: true })
  const made = {
    ours: await serve("one", 1),
    two: await serve("two", 2),
    three: await serve("three", 3),
    fastify: await startSubject("fastify-postgres.mjs", [payload, server.url])
  }
  const subjects = Object.entries(made).map(([id, subject]) => ({ id, name: names[id], status: "200", ...subject }))
  let answered = { ours: 0, fastify: 0 }
  const note = ({ id }, sample) => {
    const whose = id === "fastify" ? "fastify" : "ours"
    answered = { ...answered, [whose]: answered[whose] + sample.answered }
    return sample
  }
  const sample = async (subject, count) =>
    note(subject, await sampleOf(context.generator, subject, payload, count, context.seconds))
  for (const subject of subjects) {
    await verify(subject.name, subject.url, payloads[payload])
    context.say(`postgres: warming up ${subject.name}`)
    await sample(subject, 32)
    await sample(subject, 32)
  }
  const rows = []
  for (const count of connections) {
    const samples = Object.fromEntries(subjects.map(({ id }) => [id, []]))
    for (let round = 0; round < context.rounds; round++) {
      context.say(`postgres: ${count} connections, round ${round + 1}`)
      for (const subject of orderOf(round, subjects)) samples[subject.id].push(await sample(subject, count))
    }
    for (const [id, of] of Object.entries(samples)) {
      const ratios = of.map(({ rps }, round) => samples.ours[round].rps / rps)
      rows.push({ name: id, connections: count, ...medians(of), ratio: median(ratios) })
    }
  }
  const found = {
    ours: await stored(server.url, "effect_deployers_runs", "effect_deployers_step_runs"),
    fastify: await stored(server.url, "bench_runs", "bench_step_runs")
  }
  for (const [whose, count] of Object.entries(answered)) {
    if (!(found[whose] >= count)) throw new Error(`${whose} answered ${count} runs and stored ${found[whose]}.`)
  }
  return rows
}

export const report = (rows) =>
  `Runs in PostgreSQL, committed before their answer\n\n${table(
    ["", "connections", "runs/s", "p50 ms", "p99 ms", "CPU µs", "ours over it"],
    rows.map(({ connections: count, cpuMicros, name, p50, p99, ratio, rps }) => [
      names[name],
      String(count),
      ...[rps, p50, p99, cpuMicros, ratio].map(show)
    ])
  )}`

export const summary = (rows) => rows
