// Which addresses a second engine may hand out beside a first one.
import { readFileSync } from "node:fs"

/** Flags of an engine that runs in the same network as another one. */
export const beside = () => [
  "--iptables=false",
  "--ip6tables=false",
  "--default-address-pool=base=10.213.0.0/16,size=24",
  ...upperHalf(bridge()).map((range) => `--fixed-cidr=${range}`)
]

/** Destination and mask of the default bridge, if there is one; numbers of the routing table are little-endian. */
const bridge = () =>
  readFileSync("/proc/net/route", "utf8")
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([name]) => name === "docker0")
    .map(([, destination, , , , , , mask]) => ({ destination: bytesOf(destination), mask: bytesOf(mask) }))
    .at(0)

const bytesOf = (hex) => Buffer.from(hex, "hex").reverse()

/** The first engine counts its addresses up from the lowest one. */
const upperHalf = (network) => {
  if (network === undefined) return []
  const length = network.mask.readUInt32BE(0).toString(2).replaceAll("0", "").length
  const start = Buffer.alloc(4)
  start.writeUInt32BE((network.destination.readUInt32BE(0) | (1 << (31 - length))) >>> 0)
  return [`${start.join(".")}/${length + 1}`]
}
