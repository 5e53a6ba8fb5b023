// Counts answers between two moments and says what was measured between them.
import { createHistogram } from "node:perf_hooks"
import { cpuSeconds, machineSeconds, rssMb } from "../lib/proc.mjs"

const moment = (pid) => ({
  at: performance.now(),
  server: cpuSeconds(pid),
  machine: machineSeconds(),
  own: process.cpuUsage()
})

const difference = (one, other) => (one === undefined || other === undefined ? undefined : other - one)

const summary = ({ begun, ended, histogram, pid, statuses, own }) => {
  const seconds = (ended.at - begun.at) / 1000
  const answers = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  const good = Object.entries(statuses).reduce((sum, [status, count]) => (status[0] === "2" ? sum + count : sum), 0)
  const server = difference(begun.server, ended.server)
  const machine = difference(begun.machine, ended.machine)
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

/** Starts counting after `settleMillis` and stops after `seconds`; `result()` is there from then on. */
export const startCounting = ({ pid, seconds, settleMillis }) => {
  const histogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 })
  const statuses = {}
  let begun
  let ended
  let own
  setTimeout(() => {
    begun = moment(pid)
    setTimeout(() => {
      const { system, user } = process.cpuUsage(begun.own)
      own = (system + user) / 1e6
      ended = moment(pid)
    }, seconds * 1000)
  }, settleMillis)
  return {
    count: (status, millis) => {
      if (begun === undefined || ended !== undefined) return
      statuses[status] = (statuses[status] ?? 0) + 1
      if (status >= 200 && status < 300) histogram.record(Math.max(1, Math.round(millis * 1000)))
    },
    hasEnded: () => ended !== undefined,
    result: () => summary({ begun, ended, histogram, pid, statuses, own })
  }
}
