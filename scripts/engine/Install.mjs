// Installs an engine from the packages of Debian and Ubuntu.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { environment } from "./Daemon.mjs"

/** Whether the program is there. */
export const hasEngine = () =>
  environment()
    .PATH.split(":")
    .some((folder) => folder !== "" && existsSync(`${folder}/dockerd`))

/** Why no engine can be installed or started here; `undefined` if one can. */
export const hindrance = () => {
  if (process.platform !== "linux") return "this is no Linux machine; start Docker Desktop"
  if (process.getuid?.() !== 0) return "only root may start one; start Docker, or join the group that may use it"
  if (!hasEngine() && !isDebian()) return "it can be installed on Debian and Ubuntu only; install Docker"
  return undefined
}

const isDebian = () => {
  try {
    const about = readFileSync("/etc/os-release", "utf8")
    return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(about)
  } catch {
    return false
  }
}

const options = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"]
const packages = ["install", "-y", "--no-install-recommends", "docker.io", "iptables", "iproute2"]

/** Installs the packages; the lists of packages are fetched only if they turn out to be missing or old. */
export const install = () => {
  if (apt(packages).status === 0) return
  expectOk(apt(["update"]))
  expectOk(apt(packages))
}

const apt = (args) =>
  spawnSync("apt-get", [...options, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment(), DEBIAN_FRONTEND: "noninteractive" }
  })

const expectOk = ({ error, status, stderr }) => {
  if (error !== undefined || status !== 0) {
    throw new Error(
      `apt-get could not install Docker (${error?.message ?? `exit code ${status}`}):\n${(stderr ?? "").slice(-1_500)}`
    )
  }
}
