// TypeScript of the test projects as JavaScript, by the compiler of TypeScript: not by the bundler that is tested.
import { existsSync, readFileSync } from "node:fs"
import { dirname, extname, join } from "node:path"
import ts from "typescript"

const nearest = (folder, name) => {
  const file = join(folder, name)
  return existsSync(file) ? file : dirname(folder) === folder ? undefined : nearest(dirname(folder), name)
}

/** The options of the `tsconfig.json` that a file belongs to. */
export const optionsOf = (file) => {
  const config = nearest(dirname(file), "tsconfig.json")
  if (config === undefined) return {}
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(json, ts.sys, dirname(config)).options
}

/** True for a file that Node would load as CommonJS when it is compiled. */
export const isCommonJs = (file) => {
  const [, kind] = /^\.([cm]?)[jt]sx?$/.exec(extname(file)) ?? []
  if (kind !== "") return kind === "c"
  const manifest = nearest(dirname(file), "package.json")
  return manifest === undefined || JSON.parse(withoutMark(readFileSync(manifest, "utf8"))).type !== "module"
}

/** Node reads a manifest and a module that begin with a byte order mark, too. */
const withoutMark = (text) => text.replace(/^\uFEFF/, "")

/** The JavaScript of a file. */
export const readAsJavaScript = (file, commonJs = isCommonJs(file)) =>
  ts.transpileModule(withoutMark(readFileSync(file, "utf8")), {
    fileName: file,
    compilerOptions: {
      esModuleInterop: true,
      ...optionsOf(file),
      target: ts.ScriptTarget.ES2022,
      module: commonJs ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler
    }
  }).outputText
