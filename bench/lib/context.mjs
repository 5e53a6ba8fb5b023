// What a run is asked to do.
import { parseArgs } from "node:util"

export const sections = [
  "hot",
  "overload",
  "health",
  "start",
  "cli",
  "bundle",
  "deploy",
  "registry",
  "store",
  "durable",
  "stream",
  "batched",
  "postgres",
  "curves",
  "soak"
]

const usage = `npm run bench -- [options]
  --only LIST        of ${sections.join(", ")}; default all but soak
  --quick            fewer and shorter rounds
  --rounds N         rounds of every comparison; default 5, quick 3
  --seconds S        length of a sample; default 2, quick 1
  --minutes M        length of the soak; default 10
  --data DIR         where databases are while it runs; default beside the rest, in node_modules/.cache
  --json FILE        write the results
  --save-baseline    write bench/baseline.json, what \`npm run bench:check\` compares with
`

const fail = (text) => {
  process.stderr.write(`${text}\n\n${usage}`)
  process.exit(2)
}

const positive = (name, text, otherwise) => {
  if (text === undefined) return otherwise
  const value = Number(text)
  return value > 0 ? value : fail(`--${name} must be a positive number, not "${text}".`)
}

const chosen = (text) => {
  const names = text?.split(",") ?? sections.filter((name) => name !== "soak")
  const unknown = names.find((name) => !sections.includes(name))
  return unknown === undefined ? names : fail(`There is no section "${unknown}".`)
}

const parse = (args) => {
  const text = { type: "string" }
  const flag = { type: "boolean", default: false }
  const options = {
    only: text,
    rounds: text,
    seconds: text,
    minutes: text,
    json: text,
    data: text,
    quick: flag,
    help: flag
  }
  try {
    return parseArgs({ args, options: { ...options, "save-baseline": flag } }).values
  } catch (error) {
    return fail(error.message)
  }
}

/** Payloads and the connections each is measured with. */
const grids = {
  full: { small: [1, 32, 256], medium: [1, 32, 256] },
  quick: { small: [1, 32, 256], medium: [32] }
}

export const optionsOf = (args) => {
  const values = parse(args)
  if (values.help) {
    process.stdout.write(usage)
    process.exit(0)
  }
  const { quick } = values
  return {
    sections: chosen(values.only),
    quick,
    grid: quick ? grids.quick : grids.full,
    rounds: Math.ceil(positive("rounds", values.rounds, quick ? 3 : 5)),
    seconds: positive("seconds", values.seconds, quick ? 1 : 2),
    minutes: positive("minutes", values.minutes, 10),
    json: values.json,
    data: values.data,
    saveBaseline: values["save-baseline"]
  }
}
