// Makes the scripts of the command line program from the build: `dist/program/*.cjs`, which `dist/bin.js` runs.
//
// esbuild splits the modules of `dist/Cli/Program.js` at their dynamic imports, so a command loads the scripts that it needs. Each
// part then becomes the body of a function, because V8 takes a code cache for scripts only: `require` finds the other
// parts, `$load` is a dynamic import, and `$meta` is the `import.meta` of a module, whose place in `dist` stays the same.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, relative, resolve } from "node:path"
import { init, parse } from "es-module-lexer"
import { build, transform } from "esbuild"

const dist = resolve("dist")
const target = join(dist, "program")
const entry = "Program.cjs"

/**
 * These load with their first use, have native parts or find files beside themselves, so they stay packages. The client of
 * Kubernetes is for the applications that have it.
 */
const isPackage = (name) => !/^@effect\/|^(tar-stream|uuid)$/.test(name)
const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"))
const external = [...Object.keys(dependencies).filter(isPackage), "@kubernetes/client-node"]

/** Replaces parts of a text from its end, so that positions stay right. */
const replace = (text, edits) =>
  [...edits]
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, instead, to }) => text.slice(0, from) + instead + text.slice(to), text)

/** `import.meta` of the modules of the build. */
const placeOfModule = {
  name: "place-of-module",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!path.startsWith(dist)) return undefined
      const text = readFileSync(path, "utf8")
      const name = JSON.stringify(relative(dist, path).replaceAll("\\", "/"))
      const metas = parse(text)[0].filter(({ d }) => d === -2)
      return {
        contents: replace(
          text,
          metas.map(({ s, e }) => ({ from: s, to: e, instead: `$meta(${name})` }))
        )
      }
    })
}

/** Dynamic imports. A script from a code cache has none of its own, so also files that a user names load through `$load`. */
const loads = (text) =>
  replace(
    text,
    parse(text)[0]
      .filter(({ d }) => d >= 0)
      .map(({ d, n, se, ss }) =>
        n === undefined
          ? { from: ss, to: d, instead: "$load" }
          : { from: ss, to: se, instead: `$load(${JSON.stringify(n.replace(/^(\.\/.*)\.js$/, "$1.cjs"))})` }
      )
  )

/** Effect and the rooms beside `Cli` stay modules. */
const modulesOutside = {
  name: "modules-outside",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^(effect|@effect\/(platform|platform-node|sql|experimental))(\/|$)/ }, ({ path }) => ({
      path,
      external: true
    }))
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const file = relative(dist, resolve(resolveDir, path)).replaceAll("\\", "/")
      return /^(\.\.|Cli)\//.test(file) ? undefined : { path: `../${file}`, external: true }
    })
  }
}

await init
const { metafile, outputFiles } = await build({
  entryPoints: [join(dist, "Cli", "Program.js")],
  outdir: target,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external,
  plugins: [placeOfModule],
  chunkNames: "[name]-[hash]",
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  metafile: true,
  write: false
})

const files = new Map()
for (const { path, text } of outputFiles) {
  const script = await transform(loads(text), {
    format: "cjs",
    platform: "node",
    target: "node20",
    sourcefile: `${basename(path)}.mjs`,
    minifyWhitespace: true,
    legalComments: "none"
  })
  const [warning] = script.warnings
  if (warning !== undefined) throw new Error(`${basename(path)}: ${warning.text}`)
  const code = script.code.replaceAll(/require\("(\.\/[\w-]+)\.js"\)/g, 'require("$1.cjs")')
  files.set(basename(path).replace(/\.js$/, ".cjs"), code)
}

// A program that runs meanwhile has the old scripts: the names of parts have their digest, and the entry, which names
// them, comes last.
mkdirSync(target, { recursive: true })
for (const name of [...files.keys()].sort((a, b) => Number(a === entry) - Number(b === entry))) {
  const draft = join(target, `${name}.${process.pid}`)
  writeFileSync(draft, files.get(name))
  renameSync(draft, join(target, name))
}
for (const name of readdirSync(target)) {
  if (name.endsWith(".cjs") && !files.has(name)) rmSync(join(target, name), { force: true })
}

// `deployers dev` runs the user's code in its own process, so it has to have the same Effect: the one that is installed. Only
// `@effect/cli` is not installed with this package.
await build({
  entryPoints: [join(dist, "Cli", "Program.js")],
  outfile: join(target, "modules.mjs"),
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external,
  plugins: [modulesOutside],
  banner: {
    js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);'
  },
  minifyWhitespace: true,
  legalComments: "none"
})

/** The packages whose code is in the scripts, with their licenses. */
const licenseOf = (folder) => {
  const { license, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
  return `${name} ${version}: ${license}\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim()}`
}
const packageOf = (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]
const folders = new Set(Object.keys(metafile.inputs).flatMap((file) => packageOf(file) ?? []))
const licenses = ["The scripts in this folder contain these packages.", ...[...folders].sort().map(licenseOf)]
writeFileSync(join(target, "LICENSES.txt"), `${licenses.join("\n\n---\n\n")}\n`)
