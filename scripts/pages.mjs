// Makes src/Server/Pages/Packed.ts: what browsers get of the pages, minified and packed, so that a program that holds it
// starts as fast as one that does not. Run it after a change in one of the folders `browser` below src/Server.
//
//   node scripts/pages.mjs
import { writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { brotliCompressSync } from "node:zlib"
import { build } from "esbuild"

const folder = "src/Server"

const bundled = async (entry) => {
  const { outputFiles } = await build({
    entryPoints: [`${folder}/${entry}`],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "esnext",
    charset: "ascii",
    legalComments: "none"
  })
  return outputFiles[0].text.trim()
}

const page = async ({ body, script, style }) => ({
  body: (await readFile(`${folder}/${body}`, "utf8")).replaceAll("\n", ""),
  script: await bundled(script),
  style: await bundled(style)
})

const sources = {
  deployment: {
    body: "Pages/browser/deployment/page.html",
    script: "Pages/browser/deployment/main.js",
    style: "Pages/browser/deployment/page.css"
  },
  docs: {
    body: "Pages/browser/reference/docs.html",
    script: "Pages/browser/reference/docs.js",
    style: "Pages/browser/reference/docs.css"
  }
}

/** What browsers get, by page. */
export const make = async () => {
  const made = Object.entries(sources).map(async ([name, source]) => [name, await page(source)])
  return Object.fromEntries(await Promise.all(made))
}

if (process.argv[1] === import.meta.filename) {
  const packed = Object.entries(await make()).map(([name, parts]) => {
    const bytes = brotliCompressSync(JSON.stringify(parts))
    process.stdout.write(`${name}: ${JSON.stringify(parts).length} bytes, packed ${bytes.length}\n`)
    return `\nexport const ${name} =\n  "${bytes.toString("base64")}"\n`
  })
  const header =
    "/** Made by `node scripts/pages.mjs` of the folders `browser`; do not edit. JSON of {@link Document.Packed}, Brotli, base64. */"
  writeFileSync(`${folder}/Pages/Packed.ts`, header + packed.join(""))
}
