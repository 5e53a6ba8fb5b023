// Installs packages of Debian and Ubuntu.
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { environment } from "./engine/Daemon.mjs"

/** Whether this machine has such packages. */
export const isDebian = () => {
  try {
    const about = readFileSync("/etc/os-release", "utf8")
    return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(about)
  } catch {
    return false
  }
}

/** Installs the packages; the lists of packages are fetched only if they turn out to be missing or old. */
export const install = (what, packages) => {
  const command = ["install", "-y", "--no-install-recommends", ...packages]
  if (apt(command).status === 0) return
  expectOk(what, apt(["update"]))
  expectOk(what, apt(command))
}

const options = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"]

const apt = (args) =>
  spawnSync("apt-get", [...options, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment(), DEBIAN_FRONTEND: "noninteractive" }
  })

const expectOk = (what, { error, status, stderr }) => {
  if (error !== undefined || status !== 0) {
    throw new Error(
      `apt-get could not install ${what} (${error?.message ?? `exit code ${status}`}):\n${(stderr ?? "").slice(-1_500)}`
    )
  }
}
