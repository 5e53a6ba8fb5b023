/** Names of hosts and addresses of proxies, as settings. */
import * as Schema from "effect/Schema"

/**
 * A host name or address without a port, such as `api.example.com`, or `*.example.com` for every name below it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const HostPattern = Schema.String.pipe(
  Schema.pattern(/^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$|^\[[0-9A-Fa-f:.]+\]$/, {
    message: () => 'must be a host name without scheme and port, such as "api.example.com" or "*.example.com"'
  })
)

/**
 * The address of a proxy, a subnet, or `loopback`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ProxyAddress = Schema.String.pipe(
  Schema.filter((text) => subnetOf(text) !== undefined || refusal),
  Schema.annotations({ description: "the address of a proxy" })
)

/** A range of addresses: `prefix` bits of `address` are fixed. */
export interface Subnet {
  readonly address: string
  readonly prefix: number
  readonly family: "ipv4" | "ipv6"
}

/** The subnets of an entry of `trustedProxies`; `undefined` for a text that is not one. */
export const subnetOf = (text: string): ReadonlyArray<Subnet> | undefined => {
  if (text === "loopback") return loopback
  const [address = "", bits, ...rest] = text.split("/")
  const family = familyOf(address)
  if (family === undefined || rest.length > 0) return undefined
  const most = family === "ipv4" ? 32 : 128
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  return prefix <= most ? [{ address, prefix, family }] : undefined
}

// internal

const refusal = 'must be an address such as "10.0.0.7", a subnet such as "10.0.0.0/8", or "loopback"'

const loopback: ReadonlyArray<Subnet> = [
  { address: "127.0.0.0", prefix: 8, family: "ipv4" },
  { address: "::1", prefix: 128, family: "ipv6" }
]

const ipv4 = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.|$)){4}(?<!\.)$/

const familyOf = (address: string): Subnet["family"] | undefined =>
  ipv4.test(address) ? "ipv4" : isIpv6(address) ? "ipv6" : undefined

/** The URL parser of every runtime knows the forms of IPv6. */
const isIpv6 = (address: string): boolean => /^[0-9A-Fa-f:.]+$/.test(address) && URL.canParse(`http://[${address}]`)
