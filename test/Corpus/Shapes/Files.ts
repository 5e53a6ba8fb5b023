/** Files that are read, and code that is not a module of the program: workers, scripts, WebAssembly, addons. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { commonJs, manifest, type Shape } from "./Shape.js"

const addon = readFileSync(createRequire(import.meta.url).resolve("better-sqlite3/build/Release/better_sqlite3.node"))

/** WebAssembly that exports `add` of two 32-bit integers. */
const wasm = Buffer.from(
  "0061736d0100000001070160027f7f017f03020100070701036164640000" + "0a09010700200020016a0b",
  "hex"
)

export const files: ReadonlyArray<Shape> = [
  {
    name: "files by URL, by folder and by working directory",
    module: "src/answer.ts",
    files: {
      "src/answer.ts": `
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
const __filename = fileURLToPath(import.meta.url)
const __dirname = dirname(__filename)
const read = (file: string | URL) => readFileSync(file, "utf8")
export const answer = () => [
  read(new URL("./a.txt", import.meta.url)), read(join(__dirname, "deep", "b.txt")), read(resolve(import.meta.dirname, "../c.txt")),
  read("./d.txt"), read(join(process.cwd(), "e.txt")), read(\`\${import.meta.dirname}/f.txt\`), readdirSync(new URL("./deep/", import.meta.url)),
  existsSync(fileURLToPath(import.meta.resolve("./g.txt")))
]`,
      "src/a.txt": "a",
      "src/deep/b.txt": "b",
      "src/f.txt": "f",
      "src/g.txt": "g",
      "c.txt": "c",
      "d.txt": "d",
      "e.txt": "e"
    }
  },
  {
    name: "a folder of assets that is listed",
    module: "answer.ts",
    settings: { assets: ["prompts/**"] },
    files: {
      "answer.ts": `
import { readdir, readFile } from "node:fs/promises"
const folder = ["prom", "pts"].join("")
export const answer = async () => Promise.all((await readdir(folder)).sort().map((name) => readFile(folder + "/" + name, "utf8")))`,
      "prompts/a.txt": "a",
      "prompts/b.md": "b"
    }
  },
  {
    name: "files of a package by require.resolve and import.meta.resolve",
    module: "answer.ts",
    files: {
      "answer.ts": `
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
const require = createRequire(import.meta.url)
const folder = dirname(require.resolve("lib/package.json"))
export const answer = () => [
  readFileSync(require.resolve("lib/data/a.txt"), "utf8"), readFileSync(join(folder, "data", "b.txt"), "utf8"),
  readFileSync(new URL(import.meta.resolve("lib/data/c.txt")), "utf8")
]`,
      ...commonJs("node_modules", "lib", ""),
      "node_modules/lib/data/a.txt": "a",
      "node_modules/lib/data/b.txt": "b",
      "node_modules/lib/data/c.txt": "c"
    }
  },
  {
    name: "WebAssembly of one's own",
    module: "answer.ts",
    files: {
      "answer.ts": `
import { readFile } from "node:fs/promises"
export const answer = async () => {
  const { instance } = await (WebAssembly as any).instantiate(await readFile(new URL("./lib/add.wasm", import.meta.url)))
  return instance.exports.add(40, 2)
}`,
      "lib/add.wasm": wasm
    }
  },
  {
    name: "native addon of one's own",
    module: "src/answer.ts",
    files: {
      "src/answer.ts": `
import { createRequire } from "node:module"
const addon = createRequire(import.meta.url)("../build/Release/own.node")
export const answer = () => Object.keys(addon).sort()`,
      "build/Release/own.node": addon
    }
  },
  {
    name: "worker in JavaScript, with modules and packages",
    module: "answer.ts",
    files: {
      "answer.ts": `
import { once } from "node:events"
import { Worker } from "node:worker_threads"
export const answer = async () => {
  const worker = new Worker(new URL("./worker.mjs", import.meta.url), { workerData: "x" })
  const [message] = await once(worker, "message")
  return message
}`,
      "worker.mjs":
        'import { parentPort, workerData } from "node:worker_threads"\nimport lib from "lib"\nimport { loud } from "./loud.mjs"\nparentPort.postMessage(lib(loud(workerData)))',
      "loud.mjs": "export const loud = (text) => text.toUpperCase()",
      ...commonJs(
        "node_modules",
        "lib",
        'module.exports = (text) => text + require("fs").readFileSync(__dirname + "/data.txt", "utf8")'
      ),
      "node_modules/lib/data.txt": "!"
    }
  },
  {
    name: "scripts in processes of their own",
    module: "answer.ts",
    files: {
      "answer.ts": `
import { execFileSync, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
export const answer = async () => {
  const child = fork(join(import.meta.dirname, "scripts", "child.cjs"))
  child.send("hi")
  const [message] = await once(child, "message")
  child.disconnect()
  return [message, String(execFileSync(process.execPath, [fileURLToPath(new URL("./scripts/print.mjs", import.meta.url)), "x"])).trim()]
}`,
      "scripts/child.cjs":
        'const { twice } = require("./twice.cjs")\nprocess.on("message", (text) => process.send(twice(text)))',
      "scripts/twice.cjs": "exports.twice = (text) => text + text",
      "scripts/print.mjs": 'console.log(process.argv[2] + "!")'
    }
  },
  {
    name: "package with a file of data beside a computed name",
    module: "answer.ts",
    files: {
      "answer.ts": 'import lib from "lib"\nexport const answer = () => [lib.locale("de"), lib.model()]',
      ...commonJs(
        "node_modules",
        "lib",
        'const path = require("path")\nexports.locale = (name) => require("./locales/" + name + ".json").hello\nexports.model = (name = ["model", "bin"].join(".")) => require("fs").readFileSync(path.join(__dirname, "data", name), "utf8")'
      ),
      "node_modules/lib/locales/de.json": '{ "hello": "Hallo" }',
      "node_modules/lib/locales/en.json": '{ "hello": "Hello" }',
      "node_modules/lib/data/model.bin": "weights"
    }
  },
  {
    name: "the module is not the main one",
    module: "answer.ts",
    files: {
      "package.json": manifest("app"),
      "answer.ts": `
import { pathToFileURL } from "node:url"
const isMain = import.meta.url === pathToFileURL(process.argv[1] ?? "").href
if (isMain) process.exit(3)
export const answer = () => [isMain, typeof require, typeof module]`
    }
  }
]
