// Node with TypeScript, in each thread and process: `node --import register.mjs`.
import Module, { register } from "node:module"
import { readAsJavaScript } from "./typescript.mjs"

register("./hooks.mjs", import.meta.url)
for (const extension of [".ts", ".cts", ".tsx"]) {
  Module._extensions[extension] = (module, file) => module._compile(readAsJavaScript(file, true), file)
}
