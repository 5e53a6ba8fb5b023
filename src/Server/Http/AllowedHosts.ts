/** The check of the host that a request names, against pages of other sites that point their name to this service. */
import { isLoopbackAuthority } from "../../Internal/Loopback.js"
import * as HostPatterns from "./HostPatterns.js"

/** Returns the fault of a host, or `undefined`. A request without the header comes from HTTP/1.0 and from no browser. */
export type Check = (host: string | undefined) => string | undefined

/**
 * Makes the check. Names of this machine are always accepted.
 *
 * @param allowed names and patterns such as `*.example.com`; an empty list accepts any
 * @param loopbackOnly With an empty list, accepts only names of this machine.
 */
export const make = (allowed: ReadonlyArray<string>, loopbackOnly: boolean): Check => {
  if (allowed.length === 0) return loopbackOnly ? checkLoopback : () => undefined
  const isListed = HostPatterns.make(allowed)
  return (host) => {
    if (host === undefined || isLoopbackAuthority(host)) return undefined
    if (isListed(host.replace(/:\d{1,5}$/, ""))) return undefined
    return "The Host header names a host that this service does not have; the setting allowedHosts lists its names."
  }
}

// internal

const checkLoopback: Check = (host) =>
  host === undefined || isLoopbackAuthority(host)
    ? undefined
    : "This service has no key and answers only requests to localhost; the Host header names another host. Add the name to the setting allowedHosts, or deploy the service with a key."
