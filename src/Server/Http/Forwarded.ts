/** The request that a caller sent to a proxy, from the headers of a proxy that the settings trust. */
import { BlockList, isIPv6 } from "node:net"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Option from "effect/Option"
import { subnetOf } from "../../Settings/Network.js"

/** The parts of a request that proxies describe. */
export interface ForwardedRequest {
  readonly headers: {
    readonly [name: string]: string | ReadonlyArray<string> | undefined
    readonly host?: string | undefined
  }
  /** The connection; absent for web requests. */
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined
}

/** A request as its caller sent it. */
export interface Forwarded {
  /** The address of the caller: the last one of the chain that is not a trusted proxy. */
  readonly address: string | undefined
  /** The host that the caller asked for. */
  readonly host: string | undefined
  /** The path that the proxy has taken off, without a trailing slash; empty if there is none. */
  readonly prefix: string
}

/** Reads the headers of proxies. Headers of other peers are ignored. */
export type Reader = (request: ForwardedRequest) => Forwarded

/**
 * Makes the reader of a service.
 *
 * @param trustedProxies addresses, subnets, or `loopback`
 */
export const reader = (trustedProxies: ReadonlyArray<string>): Reader => {
  if (trustedProxies.length === 0) return direct
  const isTrusted = trust(trustedProxies)
  return (request) => {
    const { headers } = request
    const remoteAddress = request.socket?.remoteAddress
    if (remoteAddress === undefined || !isTrusted(remoteAddress)) return direct(request)
    return {
      address: callerOf(textOf(headers["x-forwarded-for"]), remoteAddress, isTrusted),
      host: firstOf(textOf(headers["x-forwarded-host"])) ?? headers.host,
      prefix: prefixOf(firstOf(textOf(headers["x-forwarded-prefix"])))
    }
  }
}

/** The same parts of a request of the platform. */
export const ofPlatform = ({ headers, remoteAddress }: HttpServerRequest.HttpServerRequest): ForwardedRequest => ({
  headers,
  socket: { remoteAddress: Option.getOrUndefined(remoteAddress) }
})

// internal

const direct: Reader = ({ headers: { host }, socket }) => ({ address: socket?.remoteAddress, host, prefix: "" })

const trust = (entries: ReadonlyArray<string>): ((address: string) => boolean) => {
  const list = new BlockList()
  for (const { address, family, prefix } of entries.flatMap((entry) => subnetOf(entry) ?? [])) {
    list.addSubnet(address, prefix, family)
  }
  return (address) => {
    const plain = withoutMapping(address)
    return list.check(plain, isIPv6(plain) ? "ipv6" : "ipv4")
  }
}

/** A socket for both families has IPv4 peers inside IPv6. */
const withoutMapping = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "")

/** Each proxy appends the address of its peer, so the list is believed from its end to the first stranger. */
const callerOf = (chain: string | undefined, peer: string, isTrusted: (address: string) => boolean): string => {
  const hops = [...(chain?.split(",").map(addressOf) ?? []), peer]
  for (let i = hops.length - 1; i > 0; i--) {
    const hop = hops[i] ?? peer
    if (!isTrusted(hop)) return hop
  }
  return hops[0] === undefined || hops[0] === "" ? peer : hops[0]
}

/** Some proxies append the port, and put an IPv6 address in brackets. */
const addressOf = (hop: string): string => {
  const text = hop.trim()
  return /^\[([^\]]*)\]/.exec(text)?.[1] ?? (/^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(":")) : text)
}

/** Only a plain path goes into pages and headers. */
const prefixOf = (text: string | undefined): string => {
  const path = text?.replace(/\/+$/, "") ?? ""
  return /^(\/[A-Za-z0-9._~-]+)*$/.test(path) ? path : ""
}

const firstOf = (text: string | undefined): string | undefined => {
  const first = text?.split(",")[0]?.trim()
  return first === "" ? undefined : first
}

const textOf = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  value === undefined || typeof value === "string" ? value : value.join(",")
