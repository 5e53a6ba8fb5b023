// A network of its own for an engine, so that it is reached as one on another machine is: by address, not by socket.
import { ip } from "./Bridge.mjs"

/** Networks of this process, by a number no other process has; names of interfaces have 15 characters at most. */
let made = 0

/**
 * Adds a network namespace that this machine reaches through a cable of its own.
 *
 * Only the network is another one: `ip netns exec` would also put a fresh `/sys` in place, without control groups.
 */
export const addElsewhere = () => {
  made += 1
  const name = `deplns${process.pid}-${made}`
  const cable = `depl${process.pid}x${made}`.slice(0, 15)
  const subnet = `10.77.${(process.pid * 7 + made) % 250}`
  ip("netns", "add", name)
  const remove = () => removeElsewhere({ name, cable })
  try {
    ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("address", "add", `${subnet}.1/24`, "dev", cable)
    ip("link", "set", cable, "up")
    ip("-n", name, "address", "add", `${subnet}.2/24`, "dev", "eth0")
    ip("-n", name, "link", "set", "eth0", "up")
    ip("-n", name, "link", "set", "lo", "up")
  } catch (cause) {
    remove()
    throw cause
  }
  return {
    name,
    cable,
    address: `${subnet}.2`,
    /** The address of this machine, as seen from there. */
    gateway: `${subnet}.1`,
    /** What to put before a command to run it there. */
    prefix: ["nsenter", `--net=/run/netns/${name}`],
    remove
  }
}

/** Removes a namespace and its cable. */
export const removeElsewhere = ({ cable, name }) => {
  if (hasLink(cable)) ip("link", "delete", cable)
  ip("netns", "delete", name)
}

const hasLink = (name) => {
  try {
    ip("link", "show", name)
    return true
  } catch {
    return false
  }
}
