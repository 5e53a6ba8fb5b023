/**
 * The paths of an application beside those of the default endpoints. One router has both, so that the most specific path wins,
 * as in any router.
 */
import * as FindMyWay from "find-my-way-ts"
import * as AppPaths from "../../Contract/AppPaths.js"
import type { KeyScope } from "../../Contract/Keys.js"
import type * as Routes from "../../Contract/Routes.js"
import type { Access, Endpoints, Member, Routes as OwnRoutes } from "../../Pipeline/App.js"
import type { Serving } from "../../Settings/Serving.js"
import type { StaticFiles } from "../../Settings/StaticFiles.js"

/** A part that answers requests: endpoints, routes, or the files of the setting `static`. */
export type Answering = Endpoints | OwnRoutes | Member | Files

/** The files of the setting `static`, below a path. */
export interface Files {
  readonly _tag: "Files"
  readonly access: Access
  readonly files: StaticFiles
}

/** An endpoint of an application. */
export interface OwnEndpoint {
  readonly part: Answering
  readonly isPublic: boolean
  /** The scope that a key needs here. */
  readonly scope: KeyScope
}

/** The endpoints of an application. */
export interface OwnEndpoints {
  /** The routes of the default endpoints that no part replaces. */
  readonly routes: ReadonlyArray<Routes.Route>
  /** The endpoint of a request; `undefined` if there is none or a default one is more specific. */
  readonly find: (method: string, path: string) => OwnEndpoint | undefined
  /** The methods of the application at a path. */
  readonly methodsAt: (path: string) => ReadonlyArray<string>
}

/**
 * Makes the table of an application. The parts are in the order in which they answer.
 */
export const make = (
  parts: ReadonlyArray<Answering>,
  defaults: ReadonlyArray<Routes.Route>,
  serving: Serving
): OwnEndpoints => {
  const router = FindMyWay.make<OwnEndpoint | undefined>(exact)
  const taken = new Set<string>()
  const add = (method: string, path: `/${string}`, endpoint: OwnEndpoint | undefined) => {
    for (const one of method === "*" ? methods : [method]) {
      const key = `${one} ${path}`
      if (taken.has(key)) continue
      taken.add(key)
      router.on(one, path, endpoint)
    }
  }
  const places = parts.flatMap((part) => {
    const endpoint = endpointOf(part, serving)
    return placesIn(part, serving).map((place) => ({ ...place, endpoint }))
  })
  for (const { endpoint, method, path } of places) add(method, path, endpoint)
  for (const { endpoint, method, path } of places) if (method === "GET") add("HEAD", path, endpoint)
  const routes = defaults.filter(({ method, path }) => !taken.has(`${method} ${path}`))
  for (const { method, name, path } of routes) {
    for (const one of method === "GET" ? ["GET", "HEAD"] : [method]) {
      add(one, path, undefined)
      if (name === "root" && path !== "/") add(one, `${path}/`, undefined)
    }
  }
  const find = (method: string, path: string) => router.find(method, path)?.handler
  return { routes, find, methodsAt: (path) => methods.filter((method) => find(method, path) !== undefined) }
}

// internal

/** As the table of default endpoints: each has one spelling. */
const exact = {
  caseSensitive: true,
  ignoreTrailingSlash: false,
  ignoreDuplicateSlashes: false,
  maxParamLength: 2_000
} as const

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

const endpointOf = (part: Answering, { publicEndpoints }: Serving): OwnEndpoint => ({
  part,
  isPublic: part.access === "public" || (part._tag === "Member" && publicEndpoints.includes("invoke")),
  scope: part.access === "public" ? "read" : part.access
})

const placesIn = (part: Answering, serving: Serving): ReadonlyArray<AppPaths.Place> =>
  part._tag === "Files"
    ? AppPaths.everythingAt(`${serving.rootUrlPath.replace(/\/+$/, "")}${part.files.path}`).map(({ path }) => ({
        method: "GET",
        path
      }))
    : AppPaths.placesOf(part, serving)
