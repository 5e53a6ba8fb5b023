// Health checks while a run computes, and while many megabytes leave the service.
import { join } from "node:path"
import { during } from "../lib/health.mjs"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { median } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"
import { jsonCall } from "../subjects/common.mjs"

const computing = "a run that computes for 10 s"
const reading = "20 readers of the record of a run of 5 MB"

export const situations = [computing, reading]

const computingMillis = 10_000
const readers = 20

/** Records of about 50 bytes as JSON. */
const records = 100_000

const invoke = async ({ url }, parameters) => {
  const response = await fetch(`${url}/invoke`, jsonCall(parameters))
  const body = await response.json()
  if (response.status !== 200) throw new Error(`The pipeline answered ${response.status}: ${JSON.stringify(body)}`)
  return body.metadata.runId
}

/** A service that computes is not ready, and it is alive. */
const compute = (busy) => during(busy.url, () => invoke(busy, { millis: computingMillis }), "/health/live")

const read = async ({ generator, seconds }, large) => {
  const runId = await invoke(large, { records })
  const { headers } = jsonCall({})
  const job = { method: "GET", headers, url: `${large.url}/runs/${runId}`, pid: large.pid, connections: readers }
  return during(large.url, () => generator.run({ ...job, seconds: 2 * seconds }))
}

const rowOf = (name, samples) => ({
  name,
  asked: median(samples.map(({ health }) => health.asked)),
  p50: median(samples.map(({ health }) => health.p50)),
  p99: median(samples.map(({ health }) => health.p99))
})

export const measure = async (context) => {
  const home = openHome(join(context.data, "home-health"))
  const busy = await home.deploy(`${pipelineFile("curves")}#busy`, "busy", {
    serving: { requestTimeoutMillis: 60_000 }
  })
  const large = await home.deploy(`${pipelineFile("curves")}#large`, "large")
  const samples = { [computing]: [], [reading]: [] }
  for (let round = 0; round < context.rounds; round++) {
    context.say(`health: round ${round + 1} of ${context.rounds}`)
    samples[computing].push(await compute(busy))
    samples[reading].push(await read(context, large))
  }
  await busy.stop()
  await large.stop()
  return situations.map((name) => rowOf(name, samples[name]))
}

export const report = (rows) =>
  `Health\n\n${table(
    ["while", "checks", "p50 ms", "p99 ms"],
    rows.map(({ asked, name, p50, p99 }) => [name, ...[asked, p50, p99].map(show)])
  )}`

export const summary = (rows) => rows
