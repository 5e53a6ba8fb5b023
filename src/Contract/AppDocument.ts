/** The typed endpoints of an application in the OpenAPI document. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Input from "../Input.js"
import * as Output from "../Output.js"
import type { Endpoints, Member, Part } from "../Pipeline/App.js"
import { isElements } from "../Pipeline/Elements.js"
import type * as Settings from "../Settings/Serving.js"
import * as AppPaths from "./AppPaths.js"
import * as EndpointErrors from "./EndpointErrors.js"
import * as Envelope from "./Envelope.js"
import * as OpenApiDocument from "./OpenApiDocument.js"
import * as OpenApiExtras from "./OpenApiExtras.js"

/** The documents of the endpoints that ask for a key, and of those that do not. */
export const specsOf = (
  parts: ReadonlyArray<Part>,
  serving: Settings.Serving,
  authEnabled: boolean
): ReadonlyArray<OpenApi.OpenAPISpec> => {
  const prefix = serving.rootUrlPath.replace(/\/+$/, "")
  const isKeyed = ({ _tag, access }: Endpoints | Member) =>
    authEnabled && access !== "public" && !(_tag === "Member" && serving.publicEndpoints.includes("invoke"))
  const groupsOf = (keyed: boolean) =>
    parts.flatMap((part): ReadonlyArray<HttpApiGroup.HttpApiGroup.AnyWithProps> => {
      if (part._tag !== "Endpoints" && part._tag !== "Member") return []
      if (isKeyed(part) !== keyed) return []
      return [part._tag === "Member" ? memberGroup(part, serving) : part.group(prefix)]
    })
  return [
    ...documentOf(groupsOf(false), HttpApi.make("application"), OpenApiDocument.finish),
    ...documentOf(groupsOf(true), HttpApi.make("application").addError(EndpointErrors.AnyError), (spec) =>
      OpenApiDocument.finish(OpenApiDocument.secured(spec))
    )
  ]
}

// internal

/** The invocation of one pipeline of a group, with its schemas. */
const memberGroup = ({ name, pipeline }: Member, serving: Settings.Serving) =>
  HttpApiGroup.make(name)
    .add(
      HttpApiEndpoint.post("invoke", AppPaths.memberPath(name, serving))
        .setPayload(Envelope.invokePayload(Envelope.shownInput(pipeline.input)))
        .addSuccess(Envelope.invokeSuccess(pipeline.output))
        .addError(Envelope.invokeFailure(pipeline))
        .addError(EndpointErrors.InvokeError)
        .annotateContext(
          OpenApi.annotations({
            summary: `Run the pipeline ${name}: wait for its outputs, only have it accepted, or follow it.`,
            transform: (operation) => OpenApiExtras.describe(operation, serving, extrasOf(pipeline))
          })
        )
    )
    .annotateContext(
      OpenApi.annotations(pipeline.description === undefined ? {} : { description: pipeline.description })
    ) as unknown as HttpApiGroup.HttpApiGroup.AnyWithProps

const extrasOf = ({ input, output }: Member["pipeline"]) => ({
  streams: isElements(output),
  files: Input.filesOf(input),
  binary: Output.binaryOf(output)
})

type Api = HttpApi.HttpApi<string, HttpApiGroup.HttpApiGroup.AnyWithProps, unknown, never>

const documentOf = (
  groups: ReadonlyArray<HttpApiGroup.HttpApiGroup.AnyWithProps>,
  empty: HttpApi.HttpApi.Any,
  transform: (spec: Record<string, unknown>) => Record<string, unknown>
): ReadonlyArray<OpenApi.OpenAPISpec> => {
  if (groups.length === 0) return []
  // Groups whose types only their author knows: the document reads their schemas.
  const api = groups.reduce<Api>((all, group) => all.add(group) as unknown as Api, empty as unknown as Api)
  return [OpenApi.fromApi(api.annotateContext(OpenApi.annotations({ transform })))]
}
