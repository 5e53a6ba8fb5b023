// Module hooks for TypeScript: imports are found as its compiler finds them.
import { fileURLToPath, pathToFileURL } from "node:url"
import ts from "typescript"
import { isCommonJs, optionsOf, readAsJavaScript } from "./typescript.mjs"

const isTypeScript = /\.[cm]?tsx?$/

export const resolve = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    const importer = context.parentURL?.startsWith("file:") ? fileURLToPath(context.parentURL) : undefined
    if (importer === undefined || !isTypeScript.test(importer)) throw error
    const options = { ...optionsOf(importer), moduleResolution: ts.ModuleResolutionKind.Bundler }
    const found = ts.resolveModuleName(specifier, importer, options, ts.sys).resolvedModule?.resolvedFileName
    if (found === undefined || found.endsWith(".d.ts")) throw error
    return { url: pathToFileURL(found).href, shortCircuit: true }
  }
}

export const load = async (url, context, next) => {
  const path = url.startsWith("file:") ? fileURLToPath(url) : ""
  if (!isTypeScript.test(path)) return next(url, context)
  const commonJs = isCommonJs(path)
  return { format: commonJs ? "commonjs" : "module", source: readAsJavaScript(path), shortCircuit: true }
}
