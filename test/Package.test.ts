// The files of the package: every relative link of a page that travels with it leads to a file that travels, too.
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("..", import.meta.url))

const packed = (): ReadonlyArray<string> => {
  const text = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
  const [{ files }] = JSON.parse(text) as [{ readonly files: ReadonlyArray<{ readonly path: string }> }]
  return files.map(({ path }) => path)
}

const linksIn = (markdown: string): ReadonlyArray<string> => {
  const prose = markdown.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "")
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link.split("#")[0] ?? "").filter(
    (link) => link !== "" && !/^[a-z]+:/.test(link)
  )
}

describe("the package", () => {
  const files = new Set(packed())
  const folders = new Set([...files].map(dirname))
  const pages = [...files].filter((file) => file.endsWith(".md"))

  it("holds the guides and the changelog", () => {
    assert.include(pages, "docs/cli.md")
    assert.include(pages, "examples/README.md")
    assert.include(pages, "CHANGELOG.md")
  })

  it("has a place for every guide in the sidebar of the site", () => {
    const sidebar = readFileSync(join(root, "site", ".vitepress", "groups.mjs"), "utf8")
    for (const guide of pages.filter((page) => page.startsWith("docs/")))
      assert.include(sidebar, `"${basename(guide, ".md")}"`)
  })

  it("has every guide and every entry point in its README", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8")
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object }
    const entries = Object.keys(exports).filter((path) => !path.endsWith(".json"))
    for (const guide of pages.filter((page) => page.startsWith("docs/"))) assert.include(readme, `](${guide})`)
    for (const path of entries) assert.include(readme, `\`${path.replace(".", "effect-deployers")}\``)
  })

  it.each(pages)("%s links to files of the package only", (page) => {
    for (const link of linksIn(readFileSync(join(root, page), "utf8"))) {
      const target = normalize(join(dirname(page), link)).replace(/\/$/, "")
      assert.isTrue(files.has(target) || folders.has(target), `${link} is not in the package`)
    }
  })
})

describe("the workflows", () => {
  const folder = join(root, ".github", "workflows")
  const steps = readdirSync(folder).flatMap((file) =>
    Array.from(readFileSync(join(folder, file), "utf8").matchAll(/npm run ([\w:-]+)/g), ([, script = ""]) => script)
  )

  it("run scripts of the package", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }
    assert.includeMembers(Object.keys(scripts), steps)
    assert.includeMembers(steps, ["lint", "check", "test:unit", "release"])
  })

  it("test the oldest Node that the package permits", () => {
    const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } }
    const [, oldest = ""] = /(\d+)/.exec(engines.node) ?? []
    assert.match(readFileSync(join(folder, "ci.yml"), "utf8"), new RegExp(`node: \\[${oldest},`))
  })

  it("are beside a form that asks for the output of doctor", () => {
    const form = readFileSync(join(root, ".github", "ISSUE_TEMPLATE", "bug.yml"), "utf8")
    assert.match(form, /deployers doctor --json[\s\S]*required: true/)
  })
})

describe("docs/architecture.md", () => {
  const page = readFileSync(join(root, "docs", "architecture.md"), "utf8")
  const [, section = ""] = page.split("## Where a change belongs\n")
  const [table = ""] = section.split("\n## ")
  const rows = table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| change"))

  it("names an existing file for each of ten changes", () => {
    const changes = rows.filter((row) => row.includes("`"))
    assert.isAtLeast(changes.length, 10)
    for (const row of changes) {
      const [, , cell = ""] = row.split("|")
      const named = Array.from(cell.matchAll(/`([^`]+)`/g), ([, file = ""]) => file)
      assert.isNotEmpty(named, row)
      for (const file of named) assert.isTrue(existsSync(join(root, file)), `${file} does not exist: ${row}`)
    }
  })
})

describe("G40: the lockfile", () => {
  interface Locked {
    readonly version: string
    readonly resolved?: string
    readonly integrity?: string
    readonly optional?: boolean
  }
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8"))
  const { packages } = read("package-lock.json") as { readonly packages: Record<string, Locked> }
  const locked = Object.entries(packages).filter(([path]) => path !== "")

  it("has a digest of each package, and no package from elsewhere than the registry", () => {
    assert.isNotEmpty(locked)
    for (const [path, { integrity = "", optional, resolved }] of locked) {
      // Optional packages of other platforms have no digest here: npm takes them by version.
      if (optional !== true) assert.match(integrity, /^sha512-/, path)
      if (resolved !== undefined) assert.match(resolved, /^https:\/\/registry\.npmjs\.org\//, path)
    }
  })

  it("has the version of each dependency that the manifest names", () => {
    const { dependencies, devDependencies } = read("package.json") as Record<string, Record<string, string>>
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      assert.isDefined(packages[`node_modules/${name}`], name)
    }
  })
})

describe("G13: the sources", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, text: readFileSync(join(root, "src", file), "utf8") }))
  const starters = sources.filter(({ text }) => /from "(node:)?child_process"/.test(text))

  it("start programs by their path and arguments, never through a shell", () => {
    assert.isNotEmpty(starters)
    for (const { file, text } of starters) {
      const calls = Array.from(text.matchAll(/ChildProcess\.(\w+)\(/g), ([, call = ""]) => call)
      assert.isNotEmpty(calls, file)
      for (const call of calls) assert.include(["spawn", "spawnSync", "execFile", "execFileSync", "fork"], call, file)
      assert.notMatch(text, /\bshell:/, file)
    }
    for (const { file, text } of sources) assert.notInclude(text, "runInShell", file)
  })
})
