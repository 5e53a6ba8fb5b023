/** The path under which an app is mounted. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"

/**
 * The part of a request's path that routers have taken off on the way to the app, without a trailing slash; empty where the
 * app is not mounted.
 */
export const mountPrefix = ({ originalUrl, url }: HttpServerRequest.HttpServerRequest): string => {
  const original = pathOf(originalUrl)
  const own = pathOf(url)
  if (original.endsWith(own)) return original.slice(0, original.length - own.length)
  return own === "/" ? original : ""
}

// internal

/** The path of a URL or of a request target, without its query. */
const pathOf = (url: string): string => {
  const path = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(url)?.[1] ?? ""
  return path === "" ? "/" : path
}
