// Installs an engine from the packages of Debian and Ubuntu.
import { existsSync } from "node:fs"
import * as Apt from "../apt.mjs"
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
  if (!hasEngine() && !Apt.isDebian()) return "it can be installed on Debian and Ubuntu only; install Docker"
  return undefined
}

/** Installs the packages. */
export const install = () => Apt.install("Docker", ["docker.io", "iptables", "iproute2"])
