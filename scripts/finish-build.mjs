// Adds to a build what the compiler does not make: the scripts of the pages, those of the CLI, and the right to run it.
import { chmodSync, copyFileSync } from "node:fs"

for (const name of ["deployment.js.br", "reference.js.br"]) {
  copyFileSync(`src/Server/Pages/${name}`, `dist/Server/Pages/${name}`)
}
chmodSync("dist/bin.js", 0o755)
await import("./bundle-program.mjs")
