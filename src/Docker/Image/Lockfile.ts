/** The files with which npm installs the native packages of an image: exact versions of all dependencies. */
import type { External } from "../../Snapshot/Model.js"
import type { Placed } from "./Packages.js"

/** The two files of an installation. */
export interface Manifests {
  readonly packageJson: string
  readonly packageLock: string
}

/**
 * Files for `npm ci` that pin packages and their dependencies to the versions that are installed here. Of packages with a
 * variant for each platform the variants for Linux are pinned, even if this machine runs another system.
 *
 * @param roots the packages the bundle imports
 * @param closure the same with all of their dependencies
 */
export const manifests = (roots: ReadonlyArray<External>, closure: ReadonlyArray<Placed>): Manifests => {
  const dependencies = Object.fromEntries(roots.map(({ name, version }) => [name, version]))
  const project = { name: "app", version: "0.0.0", dependencies }
  const usable = closure.filter(({ name }) => isForLinux(name))
  const locks = new Map<string, Lock>(usable.flatMap(forLinux))
  for (const entry of usable) locks.set(entry.place, lockOf(entry, locks, closure))
  const packages = Object.fromEntries([...locks].sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    packageJson: text({ ...project, private: true, allowScripts: allowed(roots) }),
    packageLock: text({ ...project, lockfileVersion: 3, packages: { "": project, ...packages } })
  }
}

// internal

/** Newer versions of npm run only the scripts of these packages. */
const allowed = (roots: ReadonlyArray<External>) => Object.fromEntries(roots.map(({ name }) => [name, true]))

interface Lock {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly optional?: true
  readonly os?: ReadonlyArray<string>
  readonly cpu?: ReadonlyArray<string>
}

const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const lockOf = (entry: Placed, locks: ReadonlyMap<string, Lock>, closure: ReadonlyArray<Placed>): Lock => {
  const { dependencies, name, optionalDependencies, version } = entry
  const names = new Set(closure.filter(({ name }) => isForLinux(name)).map(({ name }) => name))
  const isThere = (name: string) => names.has(name) || locks.has(`node_modules/${name}`)
  // npm lists a package in one of the two only, and refuses a file that names one and does not say which.
  const needed = pick(dependencies, (name) => !(name in optionalDependencies))
  const optional = pick(optionalDependencies, isThere)
  return {
    version,
    ...platformOf(name),
    ...(Object.keys(needed).length === 0 ? {} : { dependencies: needed }),
    ...(Object.keys(optional).length === 0 ? {} : { optionalDependencies: optional })
  }
}

const pick = (ranges: Readonly<Record<string, string>>, keep: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(ranges).filter(([name]) => keep(name)))

/** Packages for Linux on any processor that are needed in an exact version, installed here or not. */
const forLinux = ({ optionalDependencies }: Placed): ReadonlyArray<readonly [string, Lock]> =>
  Object.entries(optionalDependencies).flatMap(([name, version]): ReadonlyArray<readonly [string, Lock]> => {
    const platform = platformOf(name)
    return platform.os?.includes("linux") && /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/.test(version)
      ? [[`node_modules/${name}`, { version, ...platform }]]
      : []
  })

const isForLinux = (name: string): boolean => platformOf(name).os?.includes("linux") ?? true

const platformOf = (name: string): Pick<Lock, "optional" | "os" | "cpu"> => {
  const [, os, cpu] = platformName.exec(name) ?? []
  return os === undefined || cpu === undefined ? {} : { optional: true, os: [os], cpu: [cpu] }
}

const platformName =
  /(linux|darwin|win32|freebsd|openbsd|netbsd|android|sunos|aix)(?:musl|-musl|-gnu)?-(x64|arm64|ia32|arm|riscv64|ppc64|s390x|loong64|mips64el)/
