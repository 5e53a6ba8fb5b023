/** The packages of the corpus: one module for each below `packages`, in folders by what they stress. */
import { cpSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The folder of the modules, and of the `package.json` with exact versions. */
export const folder = fileURLToPath(new URL("./packages", import.meta.url))

/** The modules, such as `native/sharp.mjs`. What they need besides packages lies in folders below. */
export const modules: ReadonlyArray<string> = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith(".mjs"))
      .map((file) => `${name}/${file}`)
  )
  .sort()

const { dependencies }: { readonly dependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(folder, "package.json"), "utf8")
)

/** The packages that texts name, with their versions. */
const namedIn = (texts: ReadonlyArray<string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(dependencies).filter(([name]) =>
      texts.some((text) => text.includes(`"${name}"`) || text.includes(`"${name}/`))
    )
  )

const textOf = (module: string) => readFileSync(join(folder, module), "utf8")

/** The dependencies of some modules. */
export const dependenciesOf = (some: ReadonlyArray<string>): Record<string, string> =>
  some.length === modules.length ? dependencies : namedIn(some.map(textOf))

/** Copies the modules into the folder of a project. */
export const copyTo = (project: string): void => {
  cpSync(folder, project, { recursive: true, filter: (file) => file !== join(folder, "package.json") })
}
