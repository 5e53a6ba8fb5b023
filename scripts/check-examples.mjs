// Type-checks the examples in doc comments and Markdown: what is shown compiles.
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"

const folder = join("node_modules", ".cache", "examples")
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const files = (root, ending) =>
  readdirSync(root, { recursive: true })
    .map((name) => join(root, name))
    .filter((name) => name.endsWith(ending) && statSync(name).isFile())

const fromComments = (file) =>
  Array.from(readFileSync(file, "utf8").matchAll(/^ *\* ```ts\n([\s\S]*?)^ *\* ```/gm), ([, code]) =>
    code.replace(/^ *\* ?/gm, "")
  )

const fromMarkdown = (file) =>
  Array.from(readFileSync(file, "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm), ([, code]) => code)

/** A first line such as `// weather.ts` names the file, so that examples can import each other. */
const write = (origin, folderOf) => (code, index) => {
  const named = /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1]
  mkdirSync(folderOf, { recursive: true })
  writeFileSync(join(folderOf, named ?? `${basename(origin)}-${index}.ts`), `${code}\nexport {}\n`)
}

let count = 0
const extract = (origin, codes) => {
  codes.forEach(write(origin, join(folder, origin.replace(/[^\w]+/g, "-"))))
  count += codes.length
}
for (const file of files("src", ".ts")) extract(file, fromComments(file))
for (const file of ["README.md", ...files("docs", ".md"), ...files("examples", ".md")])
  extract(file, fromMarkdown(file))

/** Every entry point of the package, as its sources. */
const { exports } = JSON.parse(readFileSync("package.json", "utf8"))
const paths = Object.fromEntries(
  Object.entries(exports).flatMap(([path, { "@effect-deployers/source": source }]) =>
    source === undefined ? [] : [[path.replace(".", "effect-deployers"), [`../../../${source}`]]]
  )
)

writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "../../../tsconfig.json",
    compilerOptions: {
      incremental: false,
      tsBuildInfoFile: null,
      noUnusedLocals: false,
      rootDir: "../../..",
      paths
    },
    include: ["./**/*.ts"]
  })
)
const checked = spawnSync(join("node_modules", ".bin", "tsc"), ["-p", folder], { stdio: "inherit" })
if (checked.status !== 0) process.exit(1)
process.stdout.write(`${count} examples compile\n`)
