// Makes the files that browsers get of src/Server/Pages/browser, minified and packed, the files of the Model Context
// Protocol and of WebSockets, and the licenses of the libraries in them. Run it after a change there:
//
//   node scripts/pages.mjs
//
// Packed.ts holds the documents in the program; the scripts are Brotli files beside it, which a service reads when a browser
// asks for them. So a program with pages starts as fast as one without.
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { brotliCompressSync, constants } from "node:zlib"
import { build } from "esbuild"

const folder = "src/Server/Pages"

const bundled = async (entry, options = {}) => {
  const { outputFiles } = await build({
    entryPoints: [`${folder}/browser/${entry}`],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "esnext",
    charset: "ascii",
    legalComments: "none",
    ...options
  })
  return outputFiles[0].text.trim()
}

const parts = async (name) => ({
  body: (await readFile(`${folder}/browser/${name}.html`, "utf8")).replaceAll("\n", ""),
  style: await bundled(`${name}.css`)
})

const mcpFolder = "src/Server/Mcp"
const socketFolder = "src/Server/Http/RunSocket"

/** The validator of the SDK checks answers of people that a server asks; these servers ask nobody. */
const withoutValidator = {
  name: "without-validator",
  setup: ({ onLoad }) =>
    onLoad({ filter: /validation[\\/]ajv-provider\.js$/ }, () => ({
      contents: `export class AjvJsonSchemaValidator { getValidator() { throw new Error("no validator") } }`
    }))
}

/** A library as a module for Node. */
const library = async (entry, options) => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    charset: "ascii",
    legalComments: "none",
    ...options
  })
  return outputFiles[0].text.trim()
}

/** The parts of the SDK of the Model Context Protocol that a service uses. */
export const makeMcp = () =>
  library("scripts/mcp-sdk.mjs", { banner: { js: notices.mcp }, plugins: [withoutValidator] })

/** A module in a data URL has no `require`, which the library uses for modules of Node; its optional packages stay away. */
const withRequire = 'import{createRequire}from"node:module";const require=createRequire(process.execPath);'

/** The server of WebSockets. */
export const makeWebSocket = () =>
  library("scripts/websocket.mjs", {
    banner: { js: `${notices.ws}\n${withRequire}` },
    external: ["bufferutil", "utf-8-validate"]
  })

const notices = {
  mcp: "/*! Contains the libraries that THIRD-PARTY-LICENSES.txt of effect-deployers names for the Model Context Protocol. */",
  swagger: "/*! Contains Swagger UI and the libraries that THIRD-PARTY-LICENSES.txt of effect-deployers names. */",
  ws: "/*! Contains ws, Copyright (c) 2011 Einar Otto Stangvik and others, MIT License. */",
  uplot: "/*! Contains uPlot, Copyright (c) 2022 Leon Sorokin, MIT License. */"
}

/** What browsers get of each page: its script, with Swagger UI and its style sheet in that of the API reference. */
const scripts = {
  deployment: () => bundled("deployment/main.js", { banner: { js: notices.uplot } }),
  reference: () => bundled("reference/main.js", { loader: { ".css": "text" }, banner: { js: notices.swagger } }),
  ui: () => bundled("ui/main.js")
}

/** The folder of what is made of a page: that of deployments is in every bundle, the one over all of them in none. */
const targetOf = (name) => (name === "ui" ? "src/Ui" : folder)

const digest = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`

/** Each page, and its script. */
export const make = async () => {
  const made = Object.entries(scripts).map(async ([name, script]) => {
    const text = await script()
    return [name, { page: { ...(await parts(`${name}/page`)), integrity: digest(text) }, script: text }]
  })
  return Object.fromEntries(await Promise.all(made))
}

const packed = (text) => {
  const bytes = Buffer.from(text)
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  return brotliCompressSync(bytes, { params })
}

const report = (name, text, bytes) => {
  process.stdout.write(`${name}: ${Buffer.byteLength(text)} bytes, packed ${bytes.length}\n`)
  return bytes
}

const header =
  "/** Made by `node scripts/pages.mjs` of the folder `browser`; do not edit. JSON of {@link Document.Packed}, Brotli, base64. */"

const write = (all) => {
  for (const target of new Set(Object.keys(all).map(targetOf))) {
    const constants = Object.entries(all)
      .filter(([name]) => targetOf(name) === target)
      .map(([name, { page, script }]) => {
        writeFileSync(`${target}/${name}.js.br`, report(`${name}.js`, script, packed(script)))
        const text = JSON.stringify(page)
        return `\nexport const ${name} =\n  "${report(name, text, packed(text)).toString("base64")}"\n`
      })
    writeFileSync(`${target}/Packed.ts`, header + constants.join(""))
  }
}

const writeLibrary = (folder, name, text) => writeFileSync(`${folder}/${name}.br`, report(name, text, packed(text)))

const writeLicenses = () => {
  const libraries = [
    ["pages of a deployment contain", "swagger-ui-dist", ["NOTICE", "swagger-ui-es-bundle.js.LICENSE.txt", "LICENSE"]],
    ["pages of a deployment contain", "uplot", ["LICENSE"]],
    ...["@modelcontextprotocol/sdk", "zod", "content-type"].map((name) => [
      "endpoint of the Model Context Protocol contains",
      name,
      ["LICENSE"]
    ]),
    ["WebSocket of a run contains", "ws", ["LICENSE"]],
    ["client of SQLite contains", "@effect/sql-sqlite-node", ["LICENSE"]]
  ]
  const texts = libraries.flatMap(([place, name, files]) => [
    `The ${place} ${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version}:`,
    ...files.map((file) => readFileSync(`node_modules/${name}/${file}`, "utf8").trim())
  ])
  writeFileSync("THIRD-PARTY-LICENSES.txt", `${texts.join("\n\n")}\n`)
}

if (process.argv[1] === import.meta.filename) {
  write(await make())
  writeLibrary(mcpFolder, "mcp.js", await makeMcp())
  writeLibrary(socketFolder, "websocket.js", await makeWebSocket())
  writeLicenses()
}
