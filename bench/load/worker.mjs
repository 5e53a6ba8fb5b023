// The load generator: a process of its own that runs one job after the other with autocannon. It shares the machine's
// cores with whom it asks.
import { createHistogram } from "node:perf_hooks"
import autocannon from "autocannon"
import { cpuSeconds, machineSeconds, rssMb } from "../lib/proc.mjs"

/** From the first request until counting starts: connections are open and the server is busy by then. */
const settleMillis = 250
/** Counting stops before the load does. */
const tailMillis = 150

const moment = (pid) => ({
  at: performance.now(),
  server: cpuSeconds(pid),
  machine: machineSeconds(),
  own: process.cpuUsage()
})

const difference = (one, other) => (one === undefined || other === undefined ? undefined : other - one)

const summary = ({ begun, ended, histogram, pid, statuses }) => {
  const seconds = (ended.at - begun.at) / 1000
  const answers = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  const good = Object.entries(statuses).reduce((sum, [status, count]) => (status[0] === "2" ? sum + count : sum), 0)
  const server = difference(begun.server, ended.server)
  const machine = difference(begun.machine, ended.machine)
  const { system, user } = process.cpuUsage(begun.own)
  const own = (system + user) / 1e6
  return {
    rps: good / seconds,
    answersPerSecond: answers / seconds,
    p50: histogram.percentile(50) / 1000,
    p99: histogram.percentile(99) / 1000,
    cpuMicros: server === undefined ? undefined : (server * 1e6) / Math.max(1, answers),
    serverCores: server === undefined ? undefined : server / seconds,
    generatorCores: own / seconds,
    otherCores: machine === undefined ? undefined : Math.max(0, machine - (server ?? 0) - own) / seconds,
    rssMb: rssMb(pid),
    statuses
  }
}

/** A number of requests, without measuring. */
const send = async ({ amount, body, connections, headers, method, url }) => {
  const { errors, non2xx, timeouts } = await autocannon({
    url,
    method,
    headers,
    body,
    connections,
    amount,
    timeout: 30
  })
  if (errors + timeouts + non2xx > 0) throw new Error(`${errors + timeouts} errors, ${non2xx} refusals at ${url}.`)
}

const run = async ({ body, connections, headers, method, pid, rate, seconds, url }) => {
  const histogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 })
  const statuses = {}
  let begun
  let ended
  const instance = autocannon({
    url,
    method,
    headers,
    body,
    connections,
    duration: (settleMillis + tailMillis) / 1000 + seconds,
    timeout: 30,
    ...(rate === undefined ? {} : { overallRate: rate })
  })
  setTimeout(() => {
    begun = moment(pid)
    setTimeout(() => {
      ended = moment(pid)
    }, seconds * 1000)
  }, settleMillis)
  instance.on("response", (_client, status, _bytes, millis) => {
    if (begun === undefined || ended !== undefined) return
    statuses[status] = (statuses[status] ?? 0) + 1
    if (status < 300) histogram.record(Math.max(1, Math.round(millis * 1000)))
  })
  const { errors, latency, timeouts } = await instance
  return {
    ...summary({ begun, ended: ended ?? moment(pid), histogram, pid, statuses }),
    errors: errors + timeouts,
    /** As autocannon corrects it for requests it could not send in time; whole milliseconds. */
    correctedP99: latency.p99
  }
}

process.on("message", ({ id, job }) => {
  const perform = job.amount === undefined ? run : send
  perform(job).then(
    (result) => process.send({ id, result }),
    (error) => process.send({ id, error: error.message })
  )
})
process.once("disconnect", () => process.exit(0))
