// Adds to a build what the compiler does not make: the scripts of the pages, and the right to run the CLI.
import { chmodSync, copyFileSync } from "node:fs"

for (const name of ["deployment.js.br", "reference.js.br"]) {
  copyFileSync(`src/Server/Pages/${name}`, `dist/Server/Pages/${name}`)
}
chmodSync("dist/bin.js", 0o755)
