/** The addresses that a delivery may reach: a URL must not lead a service into its own network. */
import { lookup as resolve } from "node:dns"
import { BlockList, isIP, type LookupFunction } from "node:net"

/** The failure of a connection to an address that deliveries may not reach. */
export class PrivateAddress extends Error {
  override readonly message =
    "the host has an address of a private network or of this machine; the setting webhooks.allowPrivateAddresses permits those"
}

/** True for the address of a host in a URL that is of a private network, of this machine, or of no host at all. */
export const isPrivate = (host: string): boolean => {
  const address = host.replace(/^\[|\]$/g, "")
  const family = isIP(address)
  return family !== 0 && isBlocked(address, family)
}

/**
 * Resolves the name of a host for a connection, and fails with {@link PrivateAddress} if one of its addresses is private. The
 * connection goes to a checked address, so a second answer of the name server changes nothing.
 */
export const lookupPublic: LookupFunction = (host, options, callback) => {
  resolve(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, [])
    if (addresses.some(({ address, family }) => isBlocked(address, family))) return callback(new PrivateAddress(), [])
    if (options.all === true) return callback(null, addresses)
    const [first] = addresses
    return first === undefined
      ? callback(new Error("the host has no address"), [])
      : callback(null, first.address, first.family)
  })
}

// internal

const blocked = new BlockList()
// The registries of special-purpose addresses of IANA.
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3]
] as const) {
  blocked.addSubnet(net, prefix, "ipv4")
}
/** Global unicast addresses are those of 2000::/3; parts of it carry addresses of other networks. */
const global6 = new BlockList()
global6.addSubnet("2000::", 3, "ipv6")
for (const [net, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20]
] as const) {
  blocked.addSubnet(net, prefix, "ipv6")
}

const isBlocked = (address: string, family: number): boolean => {
  if (family === 4) return blocked.check(address, "ipv4")
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return blocked.check(mapped, "ipv4")
  return !global6.check(address, "ipv6") || blocked.check(address, "ipv6")
}
