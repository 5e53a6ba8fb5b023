/** Builds the parts of an application with the warm state of its pipeline. */
import * as Etag from "@effect/platform/Etag"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Path from "@effect/platform/Path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { InvalidRequest } from "../../Contract/Errors.js"
import { Invoker } from "../../Contract/Invoker.js"
import * as StrictJson from "../../Internal/StrictJson.js"
import type { Member } from "../../Pipeline/App.js"
import type { Serving } from "../../Settings/Serving.js"
import { Ids } from "../../Store/Ids.js"
import * as RunTrace from "../Run/Execution/RunTrace.js"
import { Invocation } from "../Run/Invocation.js"
import * as InvokeRequest from "../Run/InvokeRequest.js"
import * as Response from "../Run/Response.js"
import * as SafeJson from "../Run/SafeJson.js"
import type * as Application from "./Application.js"
import * as FailureAnswers from "./FailureAnswers.js"
import { KeyRing } from "./KeyRing.js"
import type { Answering } from "./OwnEndpoints.js"
import * as RequestBody from "./RequestBody.js"
import * as RequestId from "./RequestId.js"
import * as RunRequests from "./RunRequests.js"
import { ServiceInfo } from "./ServiceInfo.js"
import * as StaticFiles from "./Static/StaticFiles.js"

/** The services that building needs. */
export type Requirements = Ids | Invocation | KeyRing | ServiceInfo

/** The way to build an application in a scope. */
export const build = (
  warm: Context.Context<never>,
  scope: Scope.Scope
): Effect.Effect<Application.Build, never, Requirements> =>
  Effect.gen(function* () {
    const ids = yield* Ids
    const { manifest } = yield* ServiceInfo
    const platform = yield* Layer.buildWithScope(platformServices, scope)
    const state = warm.pipe(Context.merge(platform), Context.add(Invoker, yield* invoker))
    const { maxBodyBytes } = manifest.serving
    const limited = (app: HttpApp.Default<unknown>) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        Number(request.headers["content-length"] ?? 0) > maxBodyBytes
          ? Effect.sync(() => RequestBody.refusal(request, RequestBody.tooLarge(maxBodyBytes)))
          : Effect.provideService(app, HttpIncomingMessage.MaxBodySize, Option.some(FileSystem.Size(maxBodyBytes)))
      )
    return {
      scope,
      state,
      answered: FailureAnswers.answered(ids),
      app: (part) => Effect.map(Effect.provide(appOf(part, manifest.serving, { ids, state }), platform), limited)
    }
  })

// internal

/** Handlers may read files, uploads among them. */
const platformServices = Layer.mergeAll(HttpPlatform.layer, Path.layer, Etag.layerWeak).pipe(
  Layer.provideMerge(NodeFileSystem.layer)
)

const appOf = (
  part: Exclude<Answering, Member>,
  serving: Serving,
  { ids, state }: { readonly ids: typeof Ids.Service; readonly state: Context.Context<never> }
): Effect.Effect<HttpApp.Default<unknown>, unknown, FileSystem.FileSystem | Scope.Scope> => {
  const prefix = serving.rootUrlPath.replace(/\/+$/, "")
  switch (part._tag) {
    case "Endpoints": {
      const api = Layer.provideMerge(part.layer(prefix), HttpApiBuilder.Router.Live)
      return FailureAnswers.app(Layer.provideMerge(api, Layer.succeedContext(state)) as never, ids)
    }
    case "Routes": {
      const router = prefix === "" ? part.router : HttpRouter.prefixAll(part.router, prefix as `/${string}`)
      return Effect.map(HttpRouter.toHttpApp(router), (app) =>
        Effect.mapInputContext(app, (request: Context.Context<HttpServerRequest.HttpServerRequest>) =>
          Context.merge(state, request)
        )
      )
    }
    case "Files":
      return StaticFiles.make({ ...serving, files: part.files })
  }
}

/** A body takes the way of a request: the same decoding, limits and refusals. */
const invoker = Effect.gen(function* () {
  const { invoke } = yield* Invocation
  const keys = yield* KeyRing
  const { serving } = (yield* ServiceInfo).manifest
  const { maxJsonDepth } = serving
  const describe = RunRequests.make(serving)
  return Invoker.of({
    invoke: (body) =>
      Effect.gen(function* () {
        const problem = StrictJson.problemOf(body)
        if (problem !== undefined) return Response.ofError(unfit(StrictJson.format(problem)))
        const parsed = SafeJson.parse(Buffer.from(JSON.stringify(body)), maxJsonDepth)
        if (Either.isLeft(parsed)) return Response.ofError(parsed.left)
        const asked = yield* Effect.serviceOption(HttpServerRequest.HttpServerRequest)
        if (Option.isNone(asked)) return yield* invoke(parsed.right)
        const requestId = RequestId.ofPlatform(asked.value)
        const caller = keys.callerOf(asked.value.headers["authorization"])
        const parent = yield* RunTrace.parentOfPlatform(asked.value)
        const request = () => describe(RunRequests.ofPlatform(asked.value), caller, requestId)
        return yield* invoke(parsed.right, InvokeRequest.optionsOf("wait", { requestId, caller, parent, request }))
      })
  })
})

const unfit = (problem: string): InvalidRequest =>
  new InvalidRequest({ message: `The parameters have no JSON form: ${problem}.`, issues: [] })
