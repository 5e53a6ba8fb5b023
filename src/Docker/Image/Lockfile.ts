/**
 * What npm is given to install the native packages of an image: exact versions, all the way down.
 *
 * @since 0.1.0
 */
import type { External } from "../../Snapshot/Model.js"
import type { Placed } from "./Packages.js"

/**
 * The two files of an installation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Manifests {
  readonly packageJson: string
  readonly packageLock: string
}

/**
 * Files for `npm ci` that pin the given packages, and what these need, to the versions that are installed here. Packages
 * for one platform only that are not this one's are pinned if they were asked for by an exact version.
 *
 * @param roots the packages the bundle imports
 * @param closure they and everything they need
 *
 * @category encoding
 * @since 0.1.0
 */
export const manifests = (roots: ReadonlyArray<External>, closure: ReadonlyArray<Placed>): Manifests => {
  const dependencies = Object.fromEntries(roots.map(({ name, version }) => [name, version]))
  const root = { name: "app", version: "0.0.0", private: true, dependencies }
  const places = new Map(closure.flatMap(foreign).map((entry) => [entry.place, entry.lock]))
  for (const entry of closure) places.set(entry.place, lockOf(entry))
  const packages = Object.fromEntries([...places].sort(([a], [b]) => (a < b ? -1 : 1)))
  const { private: _, ...project } = root
  return {
    packageJson: text(root),
    packageLock: text({
      name: root.name,
      version: root.version,
      lockfileVersion: 3,
      packages: { "": project, ...packages }
    })
  }
}

// internal

interface Lock {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly optional?: true
  readonly os?: ReadonlyArray<string>
  readonly cpu?: ReadonlyArray<string>
}

const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const lockOf = ({ dependencies, name, optionalDependencies, version }: Placed): Lock => ({
  version,
  ...platformOf(name),
  ...(Object.keys(dependencies).length === 0 ? {} : { dependencies: without(dependencies, optionalDependencies) }),
  ...(Object.keys(optionalDependencies).length === 0 ? {} : { optionalDependencies })
})

/** npm lists a package in one of the two only. */
const without = (all: Readonly<Record<string, string>>, others: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !(name in others)))

const foreign = ({ optionalDependencies }: Placed): ReadonlyArray<{ readonly place: string; readonly lock: Lock }> =>
  Object.entries(optionalDependencies)
    .filter(([name, version]) => /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/.test(version) && "os" in platformOf(name))
    .map(([name, version]) => ({ place: `node_modules/${name}`, lock: { version, ...platformOf(name) } }))

const platformOf = (name: string): Pick<Lock, "optional" | "os" | "cpu"> => {
  const [, os, , cpu] =
    /(linux|darwin|win32|freebsd|android)(musl|-musl|-gnu)?-(x64|arm64|ia32|arm|riscv64|ppc64|s390x)/.exec(name) ?? []
  return os === undefined || cpu === undefined ? {} : { optional: true, os: [os], cpu: [cpu] }
}
