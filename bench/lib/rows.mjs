// Subjects that answer the same call, measured side by side in interleaved rounds: one row for each of them and each number of
// connections.
import { median, medians, orderOf } from "./statistics.mjs"
import { show, table } from "./table.mjs"

const sampleOf = async ({ generator, seconds }, name, { call, pid, url }, connections) => {
  const sample = await generator.run({ ...call, url: `${url}/invoke`, pid, connections, seconds })
  if (sample.errors > 0 || Object.keys(sample.statuses).some((status) => status !== "200")) {
    throw new Error(`${name} failed: ${JSON.stringify(sample.statuses)}, ${sample.errors} errors.`)
  }
  return sample
}

/** Samples before those that count, with the most connections: Node has compiled what is hot by then. */
const warmUps = 3

/**
 * Measures subjects by their ids: `{ url, pid, call }` each. `verify` rejects for a wrong answer. The ratio of a row is ours over
 * the subject, and the median of those within a round.
 */
export const measureRows = async (context, { connections, names, ours, section, subjects, verify }) => {
  for (const [id, subject] of Object.entries(subjects)) {
    await verify(names[id], subject)
    context.say(`${section}: warming up ${names[id]}`)
    for (let sample = 0; sample < warmUps; sample++) {
      await sampleOf(context, names[id], subject, connections.at(-1))
    }
  }
  const rows = []
  for (const count of connections) {
    const samples = Object.fromEntries(Object.keys(subjects).map((id) => [id, []]))
    for (let round = 0; round < context.rounds; round++) {
      context.say(`${section}: ${count} connections, round ${round + 1}`)
      for (const [id, subject] of orderOf(round, Object.entries(subjects))) {
        samples[id].push(await sampleOf(context, names[id], subject, count))
      }
    }
    for (const [name, of] of Object.entries(samples)) {
      const ratios = of.map(({ rps }, round) => samples[ours][round].rps / rps)
      rows.push({ name, connections: count, ...medians(of), ratio: median(ratios) })
    }
  }
  return rows
}

/** The rows as a text. */
export const reportRows = (title, unit, names, rows) =>
  `${title}\n\n${table(
    ["", "connections", `${unit}/s`, "p50 ms", "CPU µs", "ours over it"],
    rows.map(({ connections, cpuMicros, name, p50, ratio, rps }) => [
      names[name],
      String(connections),
      ...[rps, p50, cpuMicros, ratio].map(show)
    ])
  )}`
