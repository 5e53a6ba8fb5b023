import type * as Settings from "../Settings.js"

/**
 * Where a deployment answers, below its URL.
 *
 * @category models
 * @since 0.1.0
 */
export interface Paths {
  readonly invoke: string
  readonly runs: string
  readonly health: string
  readonly info: string
  readonly metrics: string
  readonly docs: string
}

/**
 * The paths serving settings lead to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paths = (serving: Settings.Serving): Paths => {
  const api = (path: string) => join(serving.rootUrlPath, serving.apiUrlPath, path)
  return {
    invoke: api(serving.invokeUrlPath),
    runs: api(serving.runsUrlPath),
    health: api(serving.healthUrlPath),
    info: api(serving.infoUrlPath),
    metrics: api(serving.metricsUrlPath),
    docs: join(serving.rootUrlPath, serving.docsUrlPath)
  }
}

/**
 * Where one run is looked at, followed or cancelled.
 *
 * @category constructors
 * @since 0.1.0
 */
export const runPath = (serving: Settings.Serving, id: string, what?: "cancel" | "events"): string =>
  `${paths(serving).runs}/${encodeURIComponent(id)}${what === undefined ? "" : `/${what}`}`

// internal

const join = (...segments: ReadonlyArray<string>): string =>
  `/${segments
    .map((segment) => segment.replace(/\/+$/, ""))
    .join("")
    .slice(1)}`
