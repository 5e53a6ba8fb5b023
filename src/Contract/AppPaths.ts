/** The methods and paths of an application, for the table of its server and for the OpenAPI document. */
import * as Chunk from "effect/Chunk"
import type { Endpoints, Member, Routes as OwnRoutes, Part } from "../Pipeline/App.js"
import type { Serving } from "../Settings/Serving.js"
import * as Routes from "./Routes.js"

/** A method, or `*` for any, and a path as routers write it. */
export interface Place {
  readonly method: string
  readonly path: `/${string}`
}

/** The methods and paths of a part. */
export const placesOf = (part: Endpoints | OwnRoutes | Member, serving: Serving): ReadonlyArray<Place> => {
  const root = trimEnd(serving.rootUrlPath)
  if (part._tag === "Member") return [{ method: "POST", path: memberPath(part.name, serving) }]
  if (part._tag === "Endpoints") {
    return Object.values(part.group(root).endpoints).map(({ method, path }) => ({ method, path }))
  }
  return [
    ...Chunk.toReadonlyArray(part.router.routes).map(({ method, path }) => ({
      method,
      path: path === "*" ? below(root, "/*") : below(root, path)
    })),
    ...Chunk.toReadonlyArray(part.router.mounts).flatMap(([path]) => everythingAt(below(root, path)))
  ]
}

/** The path of the invocation of one pipeline of a group: the name goes in front of that of the setting. */
export const memberPath = (name: string, serving: Serving): `/${string}` => Routes.paths(ofMember(name, serving)).invoke

/** The settings of a group as those of one of its pipelines. */
export const ofMember = (name: string, serving: Serving): Serving => ({
  ...serving,
  invokeUrlPath: `/${name}${serving.invokeUrlPath}`
})

/** The parts of an application that answer requests. */
export const answering = (parts: ReadonlyArray<Part>): ReadonlyArray<Endpoints | OwnRoutes | Member> =>
  parts.flatMap((part) => (part._tag === "Middleware" || part._tag === "Hooks" ? [] : [part]))

/** A path and all paths below it. */
export const everythingAt = (path: string): ReadonlyArray<Place> => {
  const trimmed = trimEnd(path)
  return [
    { method: "*", path: below("", trimmed === "" ? "/" : trimmed) },
    { method: "*", path: below(trimmed, "/*") }
  ]
}

/** The default routes that no part replaces. */
export const defaultRoutes = (parts: ReadonlyArray<Part>, serving: Serving): ReadonlyArray<Routes.Route> => {
  const taken = new Set(
    answering(parts)
      .flatMap((part) => placesOf(part, serving))
      .map(({ method, path }) => `${method} ${path}`)
  )
  return Routes.make(serving).filter(({ method, path }) => !taken.has(`${method} ${path}`) && !taken.has(`* ${path}`))
}

// internal

const trimEnd = (path: string): string => path.replace(/\/+$/, "")

const below = (prefix: string, path: string): `/${string}` => `/${`${prefix}${path}`.slice(1)}`
