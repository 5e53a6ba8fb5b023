// Invoke: the same work by every subject, small and medium payload, 1, 32 and 256 connections.
import { join } from "node:path"
import { openHome, pipelineFile, withoutRecording } from "../lib/ours.mjs"
import { bundleSubject } from "../lib/scratch.mjs"
import { medians, orderOf, pairedRatio } from "../lib/statistics.mjs"
import { startProgram, startSubject } from "../lib/subject.mjs"
import { show, table } from "../lib/table.mjs"
import { storedRuns, verify } from "../lib/verify.mjs"
import { callOf } from "../subjects/common.mjs"
import { payloads } from "../subjects/payloads.mjs"

export const names = {
  node: "node:http",
  fastify: "Fastify",
  hono: "Hono",
  httpapi: "stock HttpApi",
  ours: "ours, not recorded",
  oursRelaxed: "ours, relaxed",
  fastifyDurable: "Fastify + transaction",
  httpapiDurable: "stock HttpApi + @effect/sql",
  oursDurable: "ours, durable",
  oursAccepted: "ours, durable, accepted",
  oursFollowed: "ours, durable, followed"
}

/** The other views of a run: of the same service, asked for by headers. */
const views = [
  { id: "oursAccepted", headers: { prefer: "respond-async" }, status: "202" },
  { id: "oursFollowed", headers: { accept: "text/event-stream" }, status: "200" }
]

/** Starts all subjects of a payload; they stay up while it is measured. */
export const startAll = async ({ data, folder, only, payload }) => {
  const httpapi = await bundleSubject(folder, "httpapi.mjs")
  const home = openHome(join(data, `home-${payload}`))
  const database = (name) => join(data, `${payload}-${name}.db`)
  const withDatabase = async (name, start) => ({ ...(await start(database(name))), runs: database(name) })
  const plain = () => home.deploy(pipelineFile(payload), "plain", { serving: withoutRecording })
  const relaxed = () => home.deploy(pipelineFile(payload), "relaxed", { serving: { recording: "relaxed" } })
  const starters = {
    node: () => startSubject("node-http.mjs", [payload]),
    fastify: () => startSubject("fastify.mjs", [payload]),
    hono: () => startSubject("hono.mjs", [payload]),
    httpapi: () => startProgram(httpapi, [payload]),
    ...(withoutRecording === undefined ? {} : { ours: plain }),
    ...(payload === "small" ? { oursRelaxed: relaxed } : {}),
    fastifyDurable: () => withDatabase("fastify", (file) => startSubject("fastify.mjs", [payload, file])),
    httpapiDurable: () => withDatabase("httpapi", (file) => startProgram(httpapi, [payload, file])),
    oursDurable: () => home.deploy(pipelineFile(payload), "durable")
  }
  const subjects = []
  for (const [id, start] of Object.entries(starters)) {
    if (only === undefined || only.includes(id))
      subjects.push({ id, name: names[id], status: "200", ...(await start()) })
  }
  const durable = subjects.find(({ id }) => id === "oursDurable")
  const asked = views.filter(({ id }) => payload === "small" && (only === undefined || only.includes(id)))
  return [...subjects, ...asked.map((view) => ({ ...durable, ...view, name: names[view.id] }))]
}

const callFor = ({ headers }, payload) => {
  const call = callOf(payloads[payload])
  return { ...call, headers: { ...call.headers, ...headers } }
}

const jobFor = (subject, payload, connections, seconds) => ({
  ...callFor(subject, payload),
  url: `${subject.url}/invoke`,
  pid: subject.pid,
  connections,
  seconds
})

/** What a subject answers now, for whoever has to find out why it failed. */
const lastWords = async (subject, payload) => {
  const response = await fetch(`${subject.url}/invoke`, callFor(subject, payload)).catch((error) => ({
    status: 0,
    text: () => error.message
  }))
  return `Asked again it says: ${response.status} ${(await response.text()).slice(0, 300)}`
}

/** A sample, refused unless every answer was right. */
export const sampleOf = async (generator, subject, payload, connections, seconds) => {
  const sample = await generator.run(jobFor(subject, payload, connections, seconds))
  const { errors, statuses } = sample
  const wrong = Object.keys(statuses).filter((status) => status !== subject.status)
  if (wrong.length > 0 || errors > 0) {
    const what = `${subject.name} failed under ${connections} connections: ${JSON.stringify(statuses)}, ${errors} errors.`
    throw new Error(`${what} ${await lastWords(subject, payload)}`)
  }
  return { ...sample, answered: statuses[subject.status] ?? 0 }
}

/** Node has compiled what is hot by then; a slow subject gets no more time than this. */
const warm = { requests: 20_000, samples: 5 }

const warmUp = async (generator, subject, payload, seconds) => {
  let answered = 0
  for (let sample = 0; sample < warm.samples && answered < warm.requests; sample++) {
    answered += (await sampleOf(generator, subject, payload, 64, seconds)).answered
  }
}

/** Looks that a subject which claims to store runs has stored them, each with two steps. */
const countStored = (subject, answered) => {
  if (subject.id === "ours" || subject.runs === undefined) return
  const stored = storedRuns(subject.runs)
  if (!(stored >= answered)) {
    throw new Error(`${subject.name} answered ${answered} runs and stored ${stored} with their steps.`)
  }
}

/** Accepted runs end soon after the last answer. */
const untilEnded = async ({ status }) => {
  if (status === "202") await new Promise((resolve) => setTimeout(resolve, 500))
}

const measurePayload = async ({ connections, data, folder, generator, only, payload, rounds, say, seconds }) => {
  const subjects = await startAll({ data, folder, only, payload })
  const answered = new Map(subjects.map(({ id }) => [id, 0]))
  const cells = {}
  for (const subject of subjects) {
    await verify(subject.name, subject.url, payloads[payload])
    say(`hot: ${payload} payload, warming up ${subject.name}`)
    await warmUp(generator, subject, payload, seconds)
  }
  for (const count of connections) {
    const samples = Object.fromEntries(subjects.map(({ id }) => [id, []]))
    for (let round = 0; round < rounds; round++) {
      say(`hot: ${payload} payload, ${count} connections, round ${round + 1} of ${rounds}`)
      for (const subject of orderOf(round, subjects)) {
        const sample = await sampleOf(generator, subject, payload, count, seconds)
        samples[subject.id].push(sample)
        answered.set(subject.id, answered.get(subject.id) + sample.answered)
      }
    }
    cells[count] = samples
  }
  for (const subject of subjects) {
    await verify(subject.name, subject.url, payloads[payload])
    await untilEnded(subject)
    countStored(subject, answered.get(subject.id))
  }
  for (const { stop } of subjects) await stop()
  return cells
}

/** Samples by payload, connections and subject, and what is said of them. */
export const measure = async (context) => {
  const samples = {}
  for (const [payload, connections] of Object.entries(context.grid)) {
    samples[payload] = await measurePayload({ ...context, payload, connections })
  }
  return samples
}

/** Throughput and processor time of one subject against another, over the rounds they share. */
export const compare = (samples, { connections, payload, peer, subject }) => {
  const ours = samples[payload]?.[connections]?.[subject]
  const theirs = samples[payload]?.[connections]?.[peer]
  if (ours === undefined || theirs === undefined) return undefined
  return {
    ratio: pairedRatio(ours, theirs, ({ rps }) => rps),
    cpuRatio: pairedRatio(theirs, ours, ({ cpuMicros }) => cpuMicros),
    added: medians(ours).p50 - medians(theirs).p50
  }
}

const row = (samples, cell, id) => {
  const { cpuMicros, p50, p99, rps, rssMb } = medians(samples[cell.payload][cell.connections][id])
  const against = (peer) => show(compare(samples, { ...cell, subject: id, peer })?.ratio)
  return [
    names[id],
    ...[rps, p50, p99, cpuMicros, rssMb].map(show),
    against("fastify"),
    against("fastifyDurable"),
    against("httpapiDurable")
  ]
}

const head = ["", "req/s", "p50 ms", "p99 ms", "CPU µs", "RSS MB", "x Fastify", "x Fastify+tx", "x HttpApi+sql"]

const busy = (samples) => {
  const all = Object.values(samples).flatMap(Object.values).flatMap(Object.values).flat()
  const { otherCores } = medians(all)
  return `Other programs used ${show(otherCores)} cores in the middle sample.`
}

export const report = (samples) => {
  const tables = Object.entries(samples).flatMap(([payload, byConnections]) =>
    Object.keys(byConnections).map((connections) => {
      const cell = { payload, connections }
      const rows = Object.keys(byConnections[connections]).map((id) => row(samples, cell, id))
      return `Invoke, ${payload} payload, ${connections} connections\n\n${table(head, rows)}`
    })
  )
  return [...tables, busy(samples)].join("\n\n")
}

/** The medians, for JSON. */
export const summary = (samples) =>
  Object.entries(samples).flatMap(([payload, byConnections]) =>
    Object.entries(byConnections).flatMap(([connections, bySubject]) =>
      Object.entries(bySubject).map(([id, all]) => ({
        payload,
        connections: Number(connections),
        subject: names[id],
        rounds: all.length,
        ...medians(all)
      }))
    )
  )
