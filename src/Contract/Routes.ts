/**
 * The routes of a served deployment: path, method, and whether a key is required. A path outside this table does not
 * exist; a route requires the key unless the table marks it as public. No other module joins paths.
 */
import type * as Settings from "../Settings.js"

/**
 * Name of a route.
 *
 * @category models
 * @since 0.1.0
 */
export type RouteName =
  | "root"
  | "invoke"
  | "runs"
  | "run"
  | "cancel"
  | "events"
  | "health"
  | "live"
  | "ready"
  | "info"
  | "metrics"
  | "docs"
  | "openApi"

/**
 * One route.
 *
 * @category models
 * @since 0.1.0
 */
export interface Route {
  readonly name: RouteName
  /** The path; a segment `:id` stands for any one segment. */
  readonly path: `/${string}`
  readonly method: "GET" | "POST"
  /** The route requires no key. */
  readonly isPublic: boolean
}

/**
 * The paths of a deployment below its URL. `:id` stands for the id of a run.
 *
 * @category models
 * @since 0.1.0
 */
export type Paths = { readonly [Name in RouteName]: `/${string}` }

/**
 * The paths under given serving settings, those of disabled endpoints included.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paths = (serving: Settings.Serving): Paths => {
  const api = (path: string) => join(serving.rootUrlPath, serving.apiUrlPath, path)
  const root = (path: string) => join(serving.rootUrlPath, path)
  return {
    root: root("/"),
    invoke: api(serving.invokeUrlPath),
    runs: api(serving.runsUrlPath),
    run: api(`${trimEnd(serving.runsUrlPath)}/:id`),
    cancel: api(`${trimEnd(serving.runsUrlPath)}/:id/cancel`),
    events: api(`${trimEnd(serving.runsUrlPath)}/:id/events`),
    health: api(serving.healthUrlPath),
    live: api(`${trimEnd(serving.healthUrlPath)}/live`),
    ready: api(`${trimEnd(serving.healthUrlPath)}/ready`),
    info: api(serving.infoUrlPath),
    metrics: api(serving.metricsUrlPath),
    docs: root(serving.docsUrlPath),
    openApi: root(serving.openApiUrlPath)
  }
}

/**
 * The path of one run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const runPath = (serving: Settings.Serving, id: string, name: "run" | "cancel" | "events" = "run"): string =>
  paths(serving)[name].replace(":id", encodeURIComponent(id))

/**
 * The routes of the enabled endpoints.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (serving: Settings.Serving): ReadonlyArray<Route> => {
  const all = paths(serving)
  const disabled = new Set<Disableable>(serving.disabledEndpoints)
  if (serving.recording === "none") disabled.add("runs")
  return entries
    .filter(({ switch: name }) => name === undefined || !disabled.has(name))
    .map(({ access, method, name }) => ({
      name,
      path: all[name],
      method,
      isPublic: access === "public" || (access !== "key" && !serving.protectedEndpoints.includes(access))
    }))
}

/**
 * Finds the route of a request path. The comparison neither decodes nor normalises the path, so each route has one
 * spelling.
 *
 * @category accessors
 * @since 0.1.0
 */
export const matcher = (routes: ReadonlyArray<Route>): ((path: string) => Route | undefined) => {
  const exact = new Map<string, Route>()
  const ofRuns: Array<readonly [before: string, after: string, route: Route]> = []
  for (const route of routes) {
    const [before, after] = route.path.split(":id")
    if (before !== undefined && after !== undefined) ofRuns.push([before, after, route])
    else if (!exact.has(route.path)) exact.set(route.path, route)
    if (route.name === "root" && route.path !== "/") exact.set(`${route.path}/`, route)
  }
  return (path) => exact.get(path) ?? ofRuns.find(([before, after]) => isBetween(path, before, after))?.[2]
}

// internal

type Protectable = Settings.Serving["protectedEndpoints"][number]
type Disableable = Settings.Serving["disabledEndpoints"][number]

interface Entry {
  readonly name: RouteName
  readonly method: "GET" | "POST"
  readonly access: "key" | "public" | Protectable
  readonly switch?: Disableable
}

const entries: ReadonlyArray<Entry> = [
  { name: "invoke", method: "POST", access: "key" },
  { name: "runs", method: "GET", access: "key", switch: "runs" },
  { name: "run", method: "GET", access: "key", switch: "runs" },
  { name: "cancel", method: "POST", access: "key", switch: "runs" },
  { name: "events", method: "GET", access: "key", switch: "runs" },
  { name: "health", method: "GET", access: "public" },
  { name: "live", method: "GET", access: "public" },
  { name: "ready", method: "GET", access: "public" },
  { name: "info", method: "GET", access: "info", switch: "info" },
  { name: "metrics", method: "GET", access: "metrics", switch: "metrics" },
  { name: "docs", method: "GET", access: "docs", switch: "docs" },
  { name: "openApi", method: "GET", access: "docs", switch: "docs" },
  { name: "root", method: "GET", access: "page", switch: "page" }
]

/** True if exactly one segment lies between the two parts. */
const isBetween = (path: string, before: string, after: string): boolean => {
  const end = path.length - after.length
  return (
    end > before.length &&
    path.startsWith(before) &&
    path.endsWith(after) &&
    !path.slice(before.length, end).includes("/")
  )
}

const trimEnd = (path: string): string => path.replace(/\/+$/, "")

const join = (...segments: ReadonlyArray<string>): `/${string}` => `/${segments.map(trimEnd).join("").slice(1)}`
