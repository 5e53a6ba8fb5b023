// The command line program from its start to its exit, against a process of Node that does nothing.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { bin, timeCommand } from "../lib/command.mjs"
import { median, orderOf } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"

const commands = {
  "node -e 0": ["-e", "0"],
  "deployers --version": [bin, "--version"],
  "deployers --help": [bin, "--help"],
  "deployers list": [bin, "list"]
}
export const peer = "node -e 0"
export const subjects = Object.keys(commands).filter((name) => name !== peer)

export const measure = async ({ data, quick, rounds, say }) => {
  const folder = join(data, "cli")
  mkdirSync(folder)
  const env = { ...process.env, DEPLOYERS_HOME: join(folder, "home"), XDG_CACHE_HOME: join(folder, "cache") }
  const names = Object.keys(commands)
  // The first start of a command has no code cache; `list` creates the registry, too.
  const first = {}
  for (const name of names) first[name] = await timeCommand(commands[name], env)
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  const all = quick ? rounds * 2 : rounds * 4
  for (let round = 0; round < all; round++) {
    say(`cli: round ${round + 1} of ${all}`)
    for (const name of orderOf(round, names)) samples[name].push(await timeCommand(commands[name], env))
  }
  return names.map((name) => ({
    name,
    first: first[name],
    millis: median(samples[name]),
    added: median(samples[name].map((millis, round) => millis - samples[peer][round]))
  }))
}

export const report = (rows) =>
  `The command line program, start to exit\n\n${table(
    ["", "ms", `ms more than ${peer}`, "ms, first start"],
    rows.map(({ added, first, millis, name }) => [name, show(millis), show(added), show(first)])
  )}`

export const summary = (rows) => rows
