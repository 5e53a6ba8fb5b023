import * as Path from "node:path"
import { fileURLToPath } from "node:url"

const self = fileURLToPath(import.meta.url)

/** The folder of the running modules of this library: its sources, or the result of its build. */
export const root: string = Path.resolve(Path.dirname(self), "..")

/** The file of one of this library's modules, such as `Server/Entrypoint`. */
export const moduleFile = (name: string): string => Path.join(root, `${name}${Path.extname(self)}`)

/** A file that lies beside one of this library's modules. */
export const besideModule = (folder: string, name: string): string => Path.join(root, folder, name)

/** The name of this library in imports. */
export const packageName = "effect-deployers"

/** The file of one of this library's entry points: `effect-deployers` or `effect-deployers/Local`. */
export const entryFile = (specifier: string): string =>
  moduleFile(`${specifier.slice(packageName.length + 1)}/index`.replace(/^\//, ""))

/** True for a file or folder of this library or of effect, whose imports need no change. */
export const isLibrarys = (path: string): boolean =>
  `${path}/`.startsWith(`${root}/`) || /[\\/]node_modules[\\/](@?effect)[\\/]/.test(`${path}/`)
