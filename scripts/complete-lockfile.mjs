// Adds to package-lock.json the optional packages of other platforms that npm leaves out when it writes the file with
// only this platform's at hand; without them `npm ci` refuses the file. Run it after `npm install` changed the lockfile.
import { readFileSync, writeFileSync } from "node:fs"

const file = "package-lock.json"
const lock = JSON.parse(readFileSync(file, "utf8"))
const systems = ["android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"]

const isLocked = (name) =>
  Object.keys(lock.packages).some((path) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))

const platformOf = (name) => {
  const words = name.split("/").at(-1).split("-")
  const one = (field, value) => (value === undefined ? {} : { [field]: [value] })
  const libc = words.some((word) => word.startsWith("musl"))
    ? "musl"
    : words.some((word) => word.startsWith("gnu"))
      ? "glibc"
      : undefined
  const os = words.find((word) => systems.includes(word))
  return {
    ...one("os", os),
    ...one(
      "cpu",
      words.find((word) => processors.includes(word))
    ),
    ...(os === "linux" ? one("libc", libc) : {})
  }
}

const missing = Object.values(lock.packages).flatMap(({ dev, optionalDependencies = {} }) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !isLocked(name))
    .map(([name, version]) => [
      `node_modules/${name}`,
      { version: version.replace(/^[~^]/, ""), ...(dev ? { dev } : {}), optional: true, ...platformOf(name) }
    ])
)

const [root, ...packages] = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) })
lock.packages = Object.fromEntries([root, ...packages.sort(([a], [b]) => a.localeCompare(b, "en"))])
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${missing.length} packages of other platforms added\n`)
