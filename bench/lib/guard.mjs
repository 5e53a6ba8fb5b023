// What the guard watches, and when it calls a change a regression. Only ratios against subjects of the same run are
// compared, so another machine or a busy one moves them little.
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { compare, names } from "../sections/hot.mjs"

const file = fileURLToPath(new URL("../baseline.json", import.meta.url))

/** The grid of connections the guard needs. With one connection the disk decides, so that is left out. */
export const grid = { small: [32], medium: [32] }

/**
 * How much of its ratio a subject may lose. Throughput swings with the neighbours and the disk, processor time for each
 * request little; a regression shows in both.
 */
export const tolerance = { throughput: 0.3, processor: 0.2 }

/** A peer that writes to the disk for each request takes most of its time there, so its disk would decide. */
const peer = "fastify"

const subjects = ["ours", "oursDurable"]

/** The subjects that a check measures. */
export const measured = [peer, ...subjects]

const watched = subjects.flatMap((subject) =>
  Object.entries(grid).flatMap(([payload, all]) => all.map((connections) => ({ connections, payload, peer, subject })))
)

const nameOf = ({ connections, payload, peer, subject }) =>
  `${names[subject]} / ${names[peer]}, ${payload} payload, ${connections} connections`

const round = (value) => Math.round(value * 1_000) / 1_000

/** The watched ratios of a run, by name. */
export const ratiosOf = (samples) =>
  Object.fromEntries(
    watched.flatMap((cell) => {
      const found = compare(samples, cell)
      return found === undefined ? [] : [[nameOf(cell), { ratio: round(found.ratio), cpuRatio: round(found.cpuRatio) }]]
    })
  )

export const saveBaseline = (samples, machine) => {
  const text = JSON.stringify(
    { measuredAt: new Date().toISOString().slice(0, 10), machine, ratios: ratiosOf(samples) },
    null,
    2
  )
  writeFileSync(file, `${text}\n`)
}

export const readBaseline = () => JSON.parse(readFileSync(file, "utf8"))

/** Each ratio beside its baseline. One that the baseline does not know is shown and passes. */
export const regressions = (samples, baseline) =>
  Object.entries(ratiosOf(samples)).map(([name, now]) => {
    const then = baseline.ratios[name]
    const isSlower = then !== undefined && now.ratio < then.ratio * (1 - tolerance.throughput)
    const isDearer = then !== undefined && now.cpuRatio < then.cpuRatio * (1 - tolerance.processor)
    return { name, then, now, isRegression: isSlower && isDearer }
  })
