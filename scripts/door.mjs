// Makes the programs of doors of src/Door/program, each as one module. Run it after a change there:
//
//   node scripts/door.mjs
//
// A door outlives the package that started it, and runs in containers that have no package: the program travels as text.
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { build } from "esbuild"

const file = "src/Door/Packed.ts"

const entries = {
  program: { file: "src/Door/program/main.ts", purpose: "The program of a door whose instances inherit its socket." },
  relayProgram: { file: "src/Door/program/relay.ts", purpose: "The program of a door that relays to containers." }
}

/** The programs as the text of one module each. */
export const make = async () => ({
  program: await packed(entries.program.file),
  relayProgram: await packed(entries.relayProgram.file)
})

const packed = async (entry) => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    charset: "ascii",
    legalComments: "none"
  })
  return outputFiles[0].text.trim()
}

if (process.argv[1] === import.meta.filename) {
  const made = await make()
  const constants = Object.entries(made).map(([name, text]) => {
    process.stdout.write(`${name}: ${Buffer.byteLength(text)} bytes\n`)
    const literal = JSON.stringify(text).replaceAll("${", "$\\u007b")
    return `/** ${entries[name].purpose} */\nexport const ${name} =\n  ${literal}\n`
  })
  const header = "/** Made by `node scripts/door.mjs` of the folder `program`; do not edit. */\n\n"
  writeFileSync(file, header + constants.join("\n"))
  execFileSync("node_modules/.bin/biome", ["format", "--write", file], { stdio: "ignore" })
}
