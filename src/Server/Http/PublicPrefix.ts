/** The path in front of a service's own paths, as its callers see them. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Forwarded from "./Forwarded.js"

/** Reads the prefix of a request, without a trailing slash. */
export type PublicPrefix = (request: HttpServerRequest.HttpServerRequest) => string

/** Makes the reader: the path that a trusted proxy has taken off, then the path of the mount. */
export const make = (trustedProxies: ReadonlyArray<string>): PublicPrefix => {
  const read = Forwarded.reader(trustedProxies)
  return (request) => read(Forwarded.ofPlatform(request)).prefix + mountPrefix(request)
}

// internal

/**
 * The part of a request's path that routers have taken off on the way to the app; empty where the app is not mounted.
 */
const mountPrefix = ({ originalUrl, url }: HttpServerRequest.HttpServerRequest): string => {
  const original = pathOf(originalUrl)
  const own = pathOf(url)
  if (original.endsWith(own)) return original.slice(0, original.length - own.length)
  return own === "/" ? original : ""
}

/** The path of a URL or of a request target, without its query. */
const pathOf = (url: string): string => {
  const path = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(url)?.[1] ?? ""
  return path === "" ? "/" : path
}
