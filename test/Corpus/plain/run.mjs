// Runs the `answer` of a module in plain Node, and prints it as JSON: `node --import register.mjs run.mjs FILE`.
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import { isCommonJs } from "./typescript.mjs"

// A service runs on; work that only a worker thread holds has to end, too.
const alive = setInterval(() => {}, 1_000)
const file = process.argv[2]
const loaded = isCommonJs(file) ? createRequire(import.meta.url)(file) : await import(pathToFileURL(file).href)
const answer = loaded.answer ?? loaded.default?.answer
process.stdout.write(`\nanswer:${JSON.stringify(await answer())}\n`, () => process.exit(0))
clearInterval(alive)
