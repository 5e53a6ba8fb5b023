import * as Path from "node:path"
import { fileURLToPath } from "node:url"

const self = fileURLToPath(import.meta.url)

/** The folder of this library's modules: its sources or what was built from them, whichever is running. */
export const root: string = Path.resolve(Path.dirname(self), "..")

/** The file of one of this library's modules, such as `Server/Process/Entrypoint`. */
export const moduleFile = (name: string): string => Path.join(root, `${name}${Path.extname(self)}`)

/** A file that lies beside one of this library's modules. */
export const besideModule = (folder: string, name: string): string => Path.join(root, folder, name)

/** The name this library is imported by. */
export const packageName = "effect-deployers"

/** The file of one of this library's entry points: `effect-deployers` or `effect-deployers/Local`. */
export const entryFile = (specifier: string): string =>
  moduleFile(`${specifier.slice(packageName.length + 1)}/index`.replace(/^\//, ""))

/** Whether a file or folder belongs to this library or to effect, whose own imports need no care. */
export const isLibrarys = (path: string): boolean =>
  `${path}/`.startsWith(`${root}/`) || /[\\/]node_modules[\\/](@?effect)[\\/]/.test(`${path}/`)
