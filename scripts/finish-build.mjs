// Adds to a build what the compiler does not make: the scripts in rare use, those of the CLI, and the right to run it.
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

for (const file of [
  "Pages/deployment.js.br",
  "Pages/reference.js.br",
  "Mcp/mcp.js.br",
  "Http/RunSocket/websocket.js.br"
]) {
  copyFileSync(`src/Server/${file}`, `dist/Server/${file}`)
}
copyFileSync("src/Ui/ui.js.br", "dist/Ui/ui.js.br")
chmodSync("dist/bin.js", 0o755)

// The compiler names a type of Effect 3.20 in the declaration of an error; this is its definition, which older ones accept.
for (const name of readdirSync("dist", { recursive: true }).filter((name) => name.endsWith(".d.ts"))) {
  const file = join("dist", name)
  const text = readFileSync(file, "utf8")
  const plain = text.replaceAll(
    /import\("effect\/Types"\)\.VoidIfEmpty<(\{[^{}]*\})>/g,
    "keyof $1 extends never ? void : $1"
  )
  if (plain !== text) writeFileSync(file, plain)
}

await import("./vendor.mjs")
await import("./bundle-program.mjs")
