/** Names and addresses that reach only the machine itself. */

/** 127.0.0.0/8 with its short forms (`127.1`), `::1` in any spelling, both inside IPv6, and the names below `localhost`. */
const ipv4 = "127(?:\\.\\d{1,3}){1,3}"
const ipv6 = `(?:0{0,4}:){2,7}0{0,3}1|::ffff:${ipv4}`
const name = "(?:[a-z0-9-]+\\.)?localhost"

const host = new RegExp(`^(?:${name}|${ipv4}|${ipv6})$`, "i")
const authority = new RegExp(`^(?:${name}|${ipv4}|\\[(?:${ipv6})\\])(?::\\d{1,5})?$`, "i")

/** True for a host name or an address, without brackets, of this machine only. */
export const isLoopback = (text: string): boolean => host.test(text)

/** The same for a `Host` header: an IPv6 address is in brackets, and a port may follow. */
export const isLoopbackAuthority = (text: string): boolean => authority.test(text)
