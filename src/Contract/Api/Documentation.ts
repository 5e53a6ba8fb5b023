/** The annotations of endpoints in the OpenAPI document of a service. */
import * as OpenApi from "@effect/platform/OpenApi"
import type * as Context from "effect/Context"
import * as Input from "../../Input.js"
import * as Output from "../../Output.js"
import * as Pipeline from "../../Pipeline.js"
import type * as Settings from "../../Settings.js"
import * as AppPaths from "../AppPaths.js"
import * as OpenApiDocument from "../OpenApiDocument.js"
import * as OpenApiExtras from "../OpenApiExtras.js"
import type * as Routes from "../Routes.js"

/** The paths of a service under its settings. */
export type Paths = ReturnType<typeof Routes.paths>
/** The annotations of an endpoint in the OpenAPI document. */
export type Documentation = (name: Routes.RouteName, summary: string) => Context.Context<never>

/** The annotations of the endpoints under given settings: a summary, the key, and whether they are there at all. */
export const make = (pipeline: Pipeline.Any, serving: Settings.Serving, authEnabled: boolean): Documentation => {
  const routes = new Map(AppPaths.defaultRoutes(pipeline.app?.parts ?? [], serving).map((route) => [route.name, route]))
  const extras = {
    streams: Pipeline.isElements(pipeline.output),
    files: Input.filesOf(pipeline.input),
    binary: Output.binaryOf(pipeline.output)
  }
  const completed = (name: Routes.RouteName, described: Record<string, unknown>) => {
    if (name === "invoke") return OpenApiExtras.describe(described, serving, extras)
    return name === "socket" ? OpenApiExtras.describeSocket(described) : described
  }
  return (name, summary) => {
    const route = routes.get(name)
    const requiresKey = authEnabled && route?.isPublic === false
    return OpenApi.annotations({
      summary,
      exclude: route === undefined,
      transform: (described) => {
        const operation = completed(name, described)
        return requiresKey ? { ...operation, security: [{ bearer: [] }] } : withoutKeyErrors(name, operation)
      }
    })
  }
}

// internal

/** An endpoint without a key refuses none. Invocations have a 429 of their own. */
const withoutKeyErrors = (name: Routes.RouteName, operation: Record<string, unknown>) =>
  (name === "invoke" ? ["401", "403"] : ["401", "403", "429"]).reduce(OpenApiDocument.withoutResponse, operation)
