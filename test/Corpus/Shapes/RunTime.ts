/** Modules, files and scripts whose places are known only at run time. */
import { commonJs, manifest, type Shape } from "./Shape.js"

export const runTime: ReadonlyArray<Shape> = [
  {
    name: "a folder of modules that is listed and imported",
    module: "src/answer.ts",
    files: {
      "src/answer.ts": `
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
const folder = join(import.meta.dirname, "handlers")
export const answer = () => Promise.all(readdirSync(folder).sort().map(async (name) => [name, (await import(pathToFileURL(join(folder, name)).href)).default()]))`,
      "src/handlers/a.ts": 'import { help } from "../help.js"\nexport default (): string => help("a")',
      "src/handlers/b.ts": 'import lib from "lib"\nexport default (): string => lib.x',
      "src/help.ts": "export const help = (text: string): string => text.toUpperCase()",
      ...commonJs("node_modules", "lib", "exports.x = 'lib'")
    }
  },
  {
    name: "a folder of modules that is listed and required",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("shape", {}),
      "src/answer.ts": `
import fs = require("fs")
import path = require("path")
const folder = path.join(__dirname, "handlers")
export const answer = () => fs.readdirSync(folder).sort().map((name) => require(path.join(folder, name)).default())`,
      "src/handlers/a.ts": 'import { help } from "../help"\nexport default (): string => help(__filename.slice(-4))',
      "src/handlers/b.ts": 'import two = require("../two")\nexport default (): number => two.two',
      "src/help.ts": "export const help = (text: string): string => text.toUpperCase()",
      "src/two.ts": "const two = 2 as number\nexport = { two }"
    }
  },
  {
    name: "paths with a computed beginning",
    module: "src/answer.ts",
    files: {
      "src/answer.ts": `
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { folder, places } from "./places.js"
const FILE = "data/a.csv"
const here = places().here
const read = (path: string) => readFileSync(path, "utf8")
export const answer = () => [
  read(FILE), read(join(folder, "b.csv")), read(resolve(process.cwd(), folder, "c.csv")), read(join(here, "d.txt")),
  read(join(here, "..", "prompts", "e.md")), read(\`\${here}/f.txt\`)
]`,
      "src/places.ts": `
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
export const folder = "data"
export const places = () => ({ here: dirname(fileURLToPath(import.meta.url)) })`,
      "data/a.csv": "a",
      "data/b.csv": "b",
      "data/c.csv": "c",
      "src/d.txt": "d",
      "prompts/e.md": "e",
      "src/f.txt": "f"
    }
  },
  {
    name: "a module that starts itself",
    module: "src/answer.js",
    files: {
      "src/answer.js": `
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { isMainThread, parentPort, Worker } from "node:worker_threads"
import { half } from "./half.js"
const self = fileURLToPath(import.meta.url)
const thread = async () => (await once(new Worker(self), "message"))[0]
const child = async () => {
  const process = fork(self, ["child"])
  const [message] = await once(process, "message")
  process.kill()
  return message
}
export const answer = () => Promise.all([thread(), child()])
if (!isMainThread) parentPort.postMessage(half(8))
if (process.argv[2] === "child") process.send(half(6))`,
      "src/half.js": "export const half = (number) => number / 2"
    }
  },
  {
    name: "workers by paths from the working directory",
    module: "src/answer.ts",
    files: {
      "src/answer.ts": `
import { once } from "node:events"
import { Worker } from "node:worker_threads"
const said = async (worker: Worker) => (await once(worker, "message"))[0]
export const answer = async () => [await said(new Worker("./src/a.mjs")), await said(new Worker("./jobs/b.mjs"))]`,
      "src/a.mjs": 'import { parentPort } from "node:worker_threads"\nparentPort.postMessage("a")',
      "jobs/b.mjs":
        'import { parentPort } from "node:worker_threads"\nimport { b } from "./value.mjs"\nparentPort.postMessage(b)',
      "jobs/value.mjs": 'export const b = "b"'
    }
  },
  {
    name: "files and scripts that command lines name",
    module: "src/answer.ts",
    files: {
      "src/answer.ts": `
import { execSync } from "node:child_process"
export const answer = () => [execSync("sh scripts/a.sh data/b.txt").toString(), execSync("node scripts/c.mjs").toString()]`,
      "scripts/a.sh": '. "$(dirname $0)/lib.sh"; show "$1"',
      "scripts/lib.sh": "show() { cat $1; }",
      "data/b.txt": "b",
      "scripts/c.mjs": 'import { c } from "./value.mjs"\nconsole.log(c)',
      "scripts/value.mjs": "export const c = 'c'"
    }
  },
  {
    name: "package.json with only the kind of modules, below the project",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("shape", {}),
      "src/package.json": '{ "type": "module" }',
      "src/answer.ts": `
import { readFileSync } from "node:fs"
import { join } from "node:path"
export const answer = () => [readFileSync("data/a.txt", "utf8"), readFileSync(join(process.cwd(), "b.txt"), "utf8")]`,
      "data/a.txt": "a",
      "b.txt": "b"
    }
  },
  {
    name: "modules that are imported for their effects, in packages without any",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("shape", { type: "module", sideEffects: false }),
      "src/answer.ts": `
import "./register.js"
import "lib/register"
export const answer = () => (globalThis as { registered?: unknown }).registered`,
      "src/register.ts": '(globalThis as { registered?: unknown }).registered = ["own"]',
      "node_modules/lib/package.json": manifest("lib", {
        type: "module",
        sideEffects: false,
        exports: { "./register": "./register.js" }
      }),
      "node_modules/lib/register.js": 'globalThis.registered.push("lib")'
    }
  },
  {
    name: "functions whose text is evaluated elsewhere",
    module: "src/answer.ts",
    files: {
      "src/answer.ts": `
class A { value = 1 }
const named = (start: number) => {
  const inner = () => start + 1
  class B { value = inner() }
  return [new B().value, B.name]
}
export const answer = () => [new Function("return (" + named.toString() + ")(1)")(), named.name, A.name, new A().value]`
    }
  }
]
