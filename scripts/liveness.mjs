// Makes the program of a liveness thread of src/Server/Liveness/program, as one script. Run it after a change there:
//
//   node scripts/liveness.mjs
//
// A service is one bundle, so the program of its thread travels in it as text.
import { writeFileSync } from "node:fs"
import { build } from "esbuild"

const file = "src/Server/Liveness/Packed.ts"

/** The program as the text of one script. */
export const make = async () => {
  const { outputFiles } = await build({
    entryPoints: ["src/Server/Liveness/program/main.ts"],
    bundle: true,
    minify: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node20",
    charset: "ascii",
    legalComments: "none"
  })
  return outputFiles[0].text.trim()
}

if (process.argv[1] === import.meta.filename) {
  const text = await make()
  const header =
    "/** Made by `node scripts/liveness.mjs` of the folder `program`; do not edit. The program of a liveness thread. */"
  writeFileSync(file, `${header}\nexport const program =\n  ${JSON.stringify(text).replaceAll("${", "$\\u007b")}\n`)
  process.stdout.write(`liveness: ${Buffer.byteLength(text)} bytes\n`)
}
