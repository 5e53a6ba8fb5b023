// A network bridge for an engine that runs beside another one. Without one of its own it would change or remove the
// bridge of the first.
import { spawnSync } from "node:child_process"
import { environment } from "./Daemon.mjs"

/** Bridges and addresses of this process, by a number no other process has; network names have 15 characters at most. */
let made = 0

/** Runs `ip`; throws what it says. */
export const ip = (...args) => {
  const { error, status, stderr } = spawnSync("ip", args, { encoding: "utf8", env: environment() })
  if (error !== undefined)
    throw new Error(`A second engine needs the program \`ip\` (package iproute2): ${error.message}`)
  if (status !== 0) throw new Error(`ip ${args.join(" ")} failed: ${stderr.trim()}`)
}

/** Adds a bridge and says with which flags an engine uses it, beside others and without touching the firewall. */
export const addBridge = () => {
  made += 1
  const name = `depl${process.pid}-${made}`.slice(0, 15)
  const subnet = (process.pid * 7 + made) % 250
  ip("link", "add", name, "type", "bridge")
  try {
    ip("address", "add", `10.213.${subnet}.1/24`, "dev", name)
    ip("link", "set", name, "up")
  } catch (cause) {
    ip("link", "delete", name)
    throw cause
  }
  return {
    // No address pool of its own either: with one an engine that restarts removes the bridge `docker0`, whosesoever.
    flags: [`--bridge=${name}`, "--iptables=false", "--ip6tables=false"],
    remove: () => ip("link", "delete", name)
  }
}
