// Commands in a home of 10,000 deployments, against the same in a home of one.
import { join } from "node:path"
import { bin, timeCommand } from "../lib/command.mjs"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { seedDeployments } from "../lib/seed.mjs"
import { median, orderOf } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"

const commands = {
  "deployers list": ["list"],
  "deployers list --json --limit 100": ["list", "--json", "--limit", "100"],
  "deployers list --status running": ["list", "--status", "running"],
  "deployers describe": ["describe", "seed"]
}

export const subjects = Object.keys(commands)

/** A home with a stopped deployment, and copies of it. */
const fill = async (folder, copies) => {
  const home = openHome(folder)
  const { end } = await home.deploy(pipelineFile("small"), "seed")
  await end()
  seedDeployments(join(folder, "registry.db"), { count: copies, like: "seed" })
}

export const measure = async ({ data, quick, rounds, say }) => {
  const folders = { one: join(data, "home-of-one"), many: join(data, "home-of-many") }
  const many = quick ? 2_000 : 10_000
  for (const [size, count] of [
    ["one", 1],
    ["many", many]
  ]) {
    say(`registry: ${count} deployments`)
    await fill(folders[size], count - 1)
  }
  const sizes = Object.keys(folders)
  const samples = Object.fromEntries(subjects.map((name) => [name, { one: [], many: [] }]))
  const env = (size) => ({
    ...process.env,
    DEPLOYERS_HOME: folders[size],
    XDG_CACHE_HOME: join(data, "registry-cache")
  })
  const all = quick ? rounds * 2 : rounds * 4
  // The first round fills the code cache.
  for (let round = -1; round < all; round++) {
    if (round >= 0) say(`registry: round ${round + 1} of ${all}`)
    for (const name of subjects) {
      for (const size of orderOf(round, sizes)) {
        const millis = await timeCommand([bin, ...commands[name]], env(size))
        if (round >= 0) samples[name][size].push(millis)
      }
    }
  }
  return subjects.map((name) => {
    const { many: large, one } = samples[name]
    return {
      name,
      rows: many,
      one: median(one),
      many: median(large),
      ratio: median(large.map((ms, at) => ms / one[at]))
    }
  })
}

export const report = (rows) =>
  `Commands in a home of ${rows[0]?.rows.toLocaleString("en")} deployments against the same in a home of one\n\n${table(
    ["", "ms of one", "ms of many", "x"],
    rows.map(({ many, name, one, ratio }) => [name, ...[one, many, ratio].map(show)])
  )}`

export const summary = (rows) => rows
