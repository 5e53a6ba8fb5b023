// `npm run docs:site`: the pages of `docs` as a site in `site/dist`, with a search in the browser. Its packages are those
// of `site/package.json`, which the project itself does not need. Fails when a page has no place in the sidebar, and when
// a link or its anchor leads nowhere.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { groups } from "../site/.vitepress/groups.mjs"

const pages = join("site", "pages")
const out = join("site", "dist")

const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { cwd: "site", stdio: "inherit", shell: process.platform === "win32" })
  if (status !== 0) process.exit(status ?? 1)
}

const fail = (problems) => {
  if (problems.length === 0) return
  process.stderr.write(`${problems.join("\n")}\n`)
  process.exit(1)
}

const names = readdirSync("docs").flatMap((file) => (file.endsWith(".md") ? [basename(file, ".md")] : []))

const checkGroups = () => {
  const placed = Object.values(groups).flat()
  fail([
    ...names.filter((name) => !placed.includes(name)).map((name) => `docs/${name}.md has no place in the sidebar`),
    ...placed.filter((name) => !names.includes(name)).map((name) => `the sidebar has ${name}, which docs has not`)
  ])
}

/** A linked file of the repository that is no page becomes a file of the site; a page elsewhere, its name. */
const withFiles = (markdown) =>
  markdown.replace(/\[([^\]]*)\]\(\.\.\/([^)#]+)(?:#[^)]*)?\)/g, (_, text, file) => {
    if (file.endsWith(".md")) return text
    const target = join(pages, "public", file)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(file, target)
    return `<a href="/${file}" target="_blank">${text.replaceAll("`", "")}</a>`
  })

const copyPages = () => {
  rmSync(pages, { recursive: true, force: true })
  mkdirSync(pages, { recursive: true })
  cpSync(join("docs", "images"), join(pages, "images"), { recursive: true })
  cpSync(join("site", "index.md"), join(pages, "index.md"))
  for (const name of names) {
    writeFileSync(join(pages, `${name}.md`), withFiles(readFileSync(join("docs", `${name}.md`), "utf8")))
  }
}

/** VitePress checks the pages that links lead to, and not the places in them. */
const checkAnchors = () => {
  const html = new Map(
    readdirSync(out).flatMap((file) => (file.endsWith(".html") ? [[file, readFileSync(join(out, file), "utf8")]] : []))
  )
  const problems = [...html].flatMap(([file, text]) =>
    Array.from(text.matchAll(/href="(?:\.?\/([\w-]+\.html))?#([^"]+)"/g)).flatMap(([, page = file, anchor]) =>
      html.get(page)?.includes(`id="${decodeURIComponent(anchor)}"`)
        ? []
        : [`${file} links to ${page}#${anchor}, which is not there`]
    )
  )
  fail(problems)
}

checkGroups()
copyPages()
if (!existsSync(join("site", "node_modules"))) run("npm", "ci", "--no-audit", "--no-fund")
run("npx", "vitepress", "build", ".")
checkAnchors()
process.stdout.write(`The site is in ${out}; \`cd site && npx vitepress preview .\` serves it.\n`)
