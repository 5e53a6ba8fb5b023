// Bundling against esbuild alone, which does the least: the weather example, and a project of 40 packages that stay packages.
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { nodeFileTrace } from "@vercel/nft"
import { Effect, ManagedRuntime } from "effect"
import { Bundle } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { build } from "esbuild"
import { onEnd } from "../lib/cleanup.mjs"
import { median, orderOf, pairedRatio } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"
import { timed } from "../lib/timing.mjs"

const weather = fileURLToPath(new URL("../../examples/weather.ts", import.meta.url))
const packages = 40
const modules = 10

/** What a bundle of ours has to have: a program that Node can run, and a map of it. */
const esbuildAlone = (file, external = []) =>
  build({
    entryPoints: [file],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "esm",
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: "external",
    sourcesContent: false,
    outfile: "main.mjs",
    logLevel: "error",
    external: ["better-sqlite3", ...external],
    // Away from this package its name leads nowhere.
    alias: { "effect-deployers": fileURLToPath(new URL("../../dist/index.js", import.meta.url)) }
  })

const writeAll = async (folder, files) => {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

/** A package as a tracer meets them: modules that require each other, and a file that one of them reads. */
const filesOf = (name) => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: "1.0.0", main: "lib/0.js" }),
  [`node_modules/${name}/data.txt`]: name,
  ...Object.fromEntries(
    Array.from({ length: modules }, (_, index) => [
      `node_modules/${name}/lib/${index}.js`,
      index + 1 < modules
        ? `module.exports = require("./${index + 1}.js")`
        : 'module.exports = require("fs").readFileSync(require("path").join(__dirname, "../data.txt"), "utf8")'
    ])
  )
})

const namesOfPackages = Array.from({ length: packages }, (_, index) => `traced-${index}`)

/** The weather example with packages that stay packages. */
const writeTraced = async (folder) => {
  const file = join(folder, "traced.ts")
  const imports = namesOfPackages.map((name, index) => `import p${index} from "${name}"`)
  const used = `export const read = [${namesOfPackages.map((_, index) => `p${index}`).join(", ")}]`
  await writeAll(folder, {
    "package.json": JSON.stringify({
      name: "traced",
      type: "module",
      dependencies: Object.fromEntries(namesOfPackages.map((name) => [name, "1.0.0"]))
    }),
    "traced.ts": [...imports, await readFile(weather, "utf8"), used].join("\n"),
    ...Object.assign({}, ...namesOfPackages.map(filesOf))
  })
  return file
}

const esbuildAndTracer = async (file) => {
  await esbuildAlone(file, namesOfPackages)
  const entries = namesOfPackages.map((name) => join(dirname(file), "node_modules", name, "lib/0.js"))
  const { fileList } = await nodeFileTrace(entries, { base: "/" })
  if (fileList.size < packages * (modules + 1)) throw new Error(`The tracer found ${fileList.size} files only.`)
}

const openBundler = (home) => {
  const runtime = ManagedRuntime.make(Embedded.layer({ home }))
  onEnd(() => runtime.dispose())
  return (file) => runtime.runPromise(Effect.flatMap(Bundle.Bundler, (bundler) => bundler.bundle({ file })))
}

const compare = async ({ rounds, say }, what, subjects) => {
  const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    say(`bundle: ${what}, round ${round} of ${rounds}`)
    for (const name of orderOf(round, Object.keys(subjects))) {
      const { millis } = await timed(subjects[name])
      if (round > 0) samples[name].push(millis)
    }
  }
  return {
    ours: median(samples.ours),
    peer: median(samples.peer),
    ratio: pairedRatio(samples.ours, samples.peer, (millis) => millis)
  }
}

export const measure = async ({ folder, rounds, say }) => {
  const bundle = openBundler(join(folder, "home-bundle"))
  const place = join(folder, "traced")
  const traced = await writeTraced(place)
  return {
    weather: await compare({ rounds, say }, "weather", {
      ours: () => bundle(weather),
      peer: () => esbuildAlone(weather)
    }),
    traced: await compare({ rounds, say }, `${packages} packages`, {
      ours: () => bundle(traced),
      peer: () => esbuildAndTracer(traced)
    })
  }
}

const rowOf = (what, { ours, peer, ratio }) => [what, show(ours), show(peer), show(ratio)]

export const report = ({ traced, weather }) =>
  `Bundling, warm\n\n${table(
    ["", "ms", "ms, peer", "x peer"],
    [
      rowOf("the weather example, against esbuild alone", weather),
      rowOf(`with ${packages} traced packages, against esbuild and the tracer alone`, traced)
    ]
  )}`

export const summary = (results) => results
