/**
 * The routes of a served deployment: path, method, whether a key is required, and the scope that the key needs. A path outside this table does not
 * exist; a route requires the key unless the table marks it as public. No other module joins paths.
 */
import type * as Settings from "../Settings.js"
import type { KeyScope } from "./Keys.js"

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
  | "socket"
  | "logs"
  | "artifacts"
  | "artifact"
  | "output"
  | "sessions"
  | "session"
  | "deleteSession"
  | "schedules"
  | "pauseSchedule"
  | "resumeSchedule"
  | "fireSchedule"
  | "triggers"
  | "pauseTrigger"
  | "resumeTrigger"
  | "webhooks"
  | "retryWebhook"
  | "signal"
  | "retry"
  | "mcp"
  | "health"
  | "live"
  | "ready"
  | "info"
  | "metrics"
  | "docs"
  | "openApi"
  | "proof"

/**
 * The method of a route.
 *
 * @category models
 * @since 0.1.0
 */
export type Method = "GET" | "POST" | "DELETE"

/**
 * One route.
 *
 * @category models
 * @since 0.1.0
 */
export interface Route {
  readonly name: RouteName
  /** The path; a segment such as `:id` stands for any one segment. */
  readonly path: `/${string}`
  readonly method: Method
  /** The route requires no key. */
  readonly isPublic: boolean
  /** The scope that a key needs here. */
  readonly scope: KeyScope
}

/**
 * The paths of a deployment below its URL. `:id` stands for the id of a run, of a session or of a delivery, `:name` for a schedule, a trigger or a signal.
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
    root: root(serving.pageUrlPath),
    invoke: api(serving.invokeUrlPath),
    runs: api(serving.runsUrlPath),
    run: api(`${trimEnd(serving.runsUrlPath)}/:id`),
    cancel: api(`${trimEnd(serving.runsUrlPath)}/:id/cancel`),
    events: api(`${trimEnd(serving.runsUrlPath)}/:id/events`),
    socket: api(`${trimEnd(serving.runsUrlPath)}/:id/socket`),
    logs: api(`${trimEnd(serving.runsUrlPath)}/:id/logs`),
    artifacts: api(`${trimEnd(serving.runsUrlPath)}/:id/artifacts`),
    artifact: api(`${trimEnd(serving.runsUrlPath)}/:id/artifacts/:step`),
    output: api(`${trimEnd(serving.runsUrlPath)}/:id/output`),
    sessions: api(serving.sessionsUrlPath),
    session: api(`${trimEnd(serving.sessionsUrlPath)}/:id`),
    deleteSession: api(`${trimEnd(serving.sessionsUrlPath)}/:id`),
    schedules: api(serving.schedulesUrlPath),
    pauseSchedule: api(`${trimEnd(serving.schedulesUrlPath)}/:name/pause`),
    resumeSchedule: api(`${trimEnd(serving.schedulesUrlPath)}/:name/resume`),
    fireSchedule: api(`${trimEnd(serving.schedulesUrlPath)}/:name/fire`),
    triggers: api(serving.triggersUrlPath),
    pauseTrigger: api(`${trimEnd(serving.triggersUrlPath)}/:name/pause`),
    resumeTrigger: api(`${trimEnd(serving.triggersUrlPath)}/:name/resume`),
    webhooks: api(serving.webhooksUrlPath),
    retryWebhook: api(`${trimEnd(serving.webhooksUrlPath)}/:id/retry`),
    signal: api(`${trimEnd(serving.runsUrlPath)}/:id/signals/:name`),
    retry: api(`${trimEnd(serving.runsUrlPath)}/:id/retry`),
    mcp: api(serving.mcpUrlPath),
    health: api(serving.healthUrlPath),
    live: api(`${trimEnd(serving.healthUrlPath)}/live`),
    ready: api(`${trimEnd(serving.healthUrlPath)}/ready`),
    info: api(serving.infoUrlPath),
    metrics: api(serving.metricsUrlPath),
    docs: root(serving.docsUrlPath),
    openApi: root(serving.openApiUrlPath),
    proof: api(serving.proofUrlPath)
  }
}

/**
 * The path of one run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const runPath = (
  serving: Settings.Serving,
  id: string,
  name: "run" | "cancel" | "events" | "socket" | "retry" | "logs" | "artifacts" | "output" = "run"
): string => paths(serving)[name].replace(":id", encodeURIComponent(id))

/**
 * The path of the output of one call of a step.
 *
 * @category constructors
 * @since 0.1.0
 */
export const artifactPath = (serving: Settings.Serving, runId: string, step: string): string =>
  paths(serving).artifact.replace(":id", encodeURIComponent(runId)).replace(":step", encodeURIComponent(step))

/**
 * The path of a change of a schedule.
 *
 * @category constructors
 * @since 0.1.0
 */
export const schedulePath = (
  serving: Settings.Serving,
  schedule: string,
  change: "pauseSchedule" | "resumeSchedule" | "fireSchedule"
): string => paths(serving)[change].replace(":name", encodeURIComponent(schedule))

/**
 * The path of a change of a trigger.
 *
 * @category constructors
 * @since 0.2.0
 */
export const triggerPath = (
  serving: Settings.Serving,
  trigger: string,
  change: "pauseTrigger" | "resumeTrigger"
): string => paths(serving)[change].replace(":name", encodeURIComponent(trigger))

/**
 * The path that sends a delivery of a webhook again.
 *
 * @category constructors
 * @since 0.2.0
 */
export const webhookPath = (serving: Settings.Serving, id: string): string =>
  paths(serving).retryWebhook.replace(":id", encodeURIComponent(id))

/**
 * The path of one session.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sessionPath = (serving: Settings.Serving, id: string): string =>
  paths(serving).session.replace(":id", encodeURIComponent(id))

/**
 * The path of a signal to a run.
 *
 * @category constructors
 * @since 0.2.0
 */
export const signalPath = (serving: Settings.Serving, id: string, name: string): string =>
  paths(serving).signal.replace(":id", encodeURIComponent(id)).replace(":name", encodeURIComponent(name))

/**
 * The routes of the enabled endpoints.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (serving: Settings.Serving): ReadonlyArray<Route> => {
  const all = paths(serving)
  const disabled = new Set<Disableable>(serving.disabledEndpoints)
  if (serving.recording === "none")
    disabled.add("runs").add("sessions").add("schedules").add("triggers").add("webhooks")
  const isPageReplaced = serving.static !== undefined && join(serving.static.path) === join(serving.pageUrlPath)
  if (disabled.has("invoke")) disabled.add("mcp")
  if (disabled.has("invoke") || isPageReplaced) disabled.add("page")
  return entries
    .filter(({ switch: name }) => name === undefined || !disabled.has(name))
    .map(({ access, method, name, scope = "read" }) => ({
      name,
      scope,
      path: all[name],
      method,
      isPublic: isPublic(access, serving)
    }))
}

/**
 * The methods of the routes with the path of a route.
 *
 * @category accessors
 * @since 0.1.0
 */
export const methodsOf = (routes: ReadonlyArray<Route>, { path }: Route): ReadonlyArray<Method> =>
  routes.filter((route) => route.path === path).map(({ method }) => method)

/**
 * Finds the route of a request path: that of the method, or the first one of the path for any other method. The comparison
 * neither decodes nor normalises the path, so each route has one spelling.
 *
 * @category accessors
 * @since 0.1.0
 */
export const matcher = (
  routes: ReadonlyArray<Route>
): ((path: string, method: string | undefined) => Route | undefined) => {
  const exact = new Map<string, Route>()
  const patterns: Array<readonly [parts: ReadonlyArray<string>, route: Route]> = []
  const firsts = new Map<string, Route>()
  const others = new Map<Route, Array<Route>>()
  for (const route of routes) {
    const first = firsts.get(route.path)
    if (first === undefined) firsts.set(route.path, route)
    else {
      others.set(first, [...(others.get(first) ?? []), route])
      continue
    }
    if (route.path.includes("/:")) patterns.push([route.path.split(/(?<=\/):[a-z]+/), route])
    else exact.set(route.path, route)
    if (route.name === "root" && route.path !== "/") exact.set(`${route.path}/`, route)
  }
  return (path, method) => {
    const route = exact.get(path) ?? patterns.find(([parts]) => fits(path, parts))?.[1]
    if (route === undefined || route.method === method) return route
    return others.get(route)?.find((other) => other.method === method) ?? route
  }
}

// internal

type Protectable = Settings.Serving["protectedEndpoints"][number]
type Disableable = Settings.Serving["disabledEndpoints"][number]
type Publishable = Settings.Serving["publicEndpoints"][number]

interface Entry {
  readonly name: RouteName
  readonly method: Method
  readonly access: "key" | "public" | Protectable | Publishable
  readonly switch?: Disableable
  /** Default `read`. */
  readonly scope?: KeyScope
}

const entries: ReadonlyArray<Entry> = [
  { name: "invoke", method: "POST", access: "invoke", switch: "invoke", scope: "invoke" },
  { name: "runs", method: "GET", access: "runs", switch: "runs" },
  { name: "run", method: "GET", access: "runs", switch: "runs" },
  { name: "cancel", method: "POST", access: "key", switch: "runs", scope: "invoke" },
  { name: "events", method: "GET", access: "runs", switch: "runs" },
  { name: "socket", method: "GET", access: "runs", switch: "runs" },
  { name: "logs", method: "GET", access: "runs", switch: "runs" },
  { name: "artifacts", method: "GET", access: "runs", switch: "runs" },
  { name: "artifact", method: "GET", access: "runs", switch: "runs" },
  { name: "output", method: "GET", access: "runs", switch: "runs" },
  { name: "sessions", method: "GET", access: "key", switch: "sessions" },
  { name: "session", method: "GET", access: "key", switch: "sessions" },
  { name: "deleteSession", method: "DELETE", access: "key", switch: "sessions", scope: "invoke" },
  { name: "schedules", method: "GET", access: "key", switch: "schedules" },
  { name: "pauseSchedule", method: "POST", access: "key", switch: "schedules", scope: "admin" },
  { name: "resumeSchedule", method: "POST", access: "key", switch: "schedules", scope: "admin" },
  { name: "fireSchedule", method: "POST", access: "key", switch: "schedules", scope: "admin" },
  { name: "triggers", method: "GET", access: "key", switch: "triggers" },
  { name: "pauseTrigger", method: "POST", access: "key", switch: "triggers", scope: "admin" },
  { name: "resumeTrigger", method: "POST", access: "key", switch: "triggers", scope: "admin" },
  { name: "webhooks", method: "GET", access: "key", switch: "webhooks" },
  { name: "retryWebhook", method: "POST", access: "key", switch: "webhooks", scope: "admin" },
  { name: "signal", method: "POST", access: "key", switch: "runs", scope: "invoke" },
  { name: "retry", method: "POST", access: "key", switch: "runs", scope: "invoke" },
  { name: "mcp", method: "POST", access: "invoke", switch: "mcp", scope: "invoke" },
  { name: "health", method: "GET", access: "public" },
  { name: "live", method: "GET", access: "public" },
  { name: "ready", method: "GET", access: "public" },
  { name: "info", method: "GET", access: "info", switch: "info" },
  { name: "metrics", method: "GET", access: "metrics", switch: "metrics" },
  { name: "docs", method: "GET", access: "docs", switch: "docs" },
  { name: "openApi", method: "GET", access: "docs", switch: "docs" },
  { name: "root", method: "GET", access: "page", switch: "page" },
  { name: "proof", method: "GET", access: "public" }
]

const isPublic = (access: Entry["access"], serving: Settings.Serving): boolean => {
  switch (access) {
    case "key":
      return false
    case "public":
      return true
    case "invoke":
    case "runs":
      return serving.publicEndpoints.includes(access)
    default:
      return !serving.protectedEndpoints.includes(access)
  }
}

/** True if exactly one segment lies between each two parts. */
const fits = (path: string, [first = "", ...rest]: ReadonlyArray<string>): boolean => {
  if (!path.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const slash = path.indexOf("/", at)
    const end = slash === -1 ? path.length : slash
    if (end === at || !path.startsWith(part, end)) return false
    at = end + part.length
  }
  return at === path.length
}

const trimEnd = (path: string): string => path.replace(/\/+$/, "")

const join = (...segments: ReadonlyArray<string>): `/${string}` => `/${segments.map(trimEnd).join("").slice(1)}`
