/**
 * The endpoint of the Model Context Protocol: Streamable HTTP without state. Each request has a server of the SDK of its own,
 * so any worker answers any request of a client.
 */
import { randomUUID } from "node:crypto"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { NotFound } from "../../Contract/Errors.js"
import { KeyRing } from "../Http/KeyRing.js"
import * as Origins from "../Http/Origins.js"
import * as RequestBody from "../Http/RequestBody.js"
import * as RequestId from "../Http/RequestId.js"
import * as RunRequests from "../Http/RunRequests.js"
import { ServiceInfo } from "../Http/ServiceInfo.js"
import * as SessionHandlers from "../Http/SessionHandlers.js"
import * as RunTrace from "../Run/Execution/RunTrace.js"
import { Invocation } from "../Run/Invocation.js"
import * as Response from "../Run/Response.js"
import { Service } from "../Run/Service.js"
import * as McpServer from "./McpServer.js"
import * as Sdk from "./Sdk.js"
import * as Tools from "./Tools.js"

/** Implements the endpoint. Nothing of it is made before its first request. */
export const layer = (api: SessionHandlers.Contract) =>
  HttpApiBuilder.group(api, "mcp", (handlers) =>
    Effect.map(endpoint, (answer) => handlers.handleRaw("mcp", ({ request }) => answer(request)))
  )

// internal

const endpoint = Effect.gen(function* () {
  const { manifest, pipeline } = yield* ServiceInfo
  const { serving } = manifest
  const calls = { invocation: yield* Invocation, service: yield* Service }
  const keys = yield* KeyRing
  const describe = RunRequests.make(serving)
  const isAllowed = Origins.make(serving)
  const sdk = Sdk.make()
  const tools = yield* Effect.cached(Effect.orDie(Tools.make(pipeline, serving.about.title)))
  const originOf = (request: HttpServerRequest.HttpServerRequest) =>
    Effect.map(RunTrace.parentOfPlatform(request), (parent) => {
      const requestId = RequestId.ofPlatform(request)
      const caller = keys.callerOf(request.headers["authorization"])
      return {
        requestId,
        parent,
        caller,
        session: SessionHandlers.sessionIn(request.headers),
        request: () => describe(RunRequests.ofPlatform(request), caller, requestId)
      }
    })
  const about = {
    name: pipeline.name,
    version: serving.about.version ?? String(manifest.snapshot.version),
    title: serving.about.title,
    instructions: serving.about.description ?? pipeline.description
  }
  return (request: HttpServerRequest.HttpServerRequest) =>
    Effect.gen(function* () {
      if (!isAllowed(request)) return refused
      const { value } = yield* RequestBody.readJson(request, serving)
      const origin = yield* originOf(request)
      const client = request.headers[sessionHeader]
      const server = yield* McpServer.make({ sdk: yield* sdk, tools: yield* tools, about, origin, client, ...calls })
      yield* Effect.addFinalizer(() => server.close)
      const answer = yield* server.answer(webRequest(request), value)
      return isInitialize(value) ? HttpServerResponse.setHeader(answer, sessionHeader, randomUUID()) : answer
    }).pipe(Effect.catchAll((error) => Effect.succeed(refusal(request, error))))
})

/** The id that distinguishes the calls of one client from those of others. No process keeps anything under it. */
const sessionHeader = "mcp-session-id"

const isInitialize = (message: unknown): boolean => Predicate.isRecord(message) && message["method"] === "initialize"

/** The head of a request; its body was read within the limits of the service. */
const webRequest = ({ headers }: HttpServerRequest.HttpServerRequest): Request =>
  new Request("http://service/mcp", { method: "POST", headers })

const refused = HttpServerResponse.unsafeJson(
  {
    jsonrpc: "2.0",
    id: null,
    error: { code: -32_000, message: "A page of this origin may not call tools; name its origin in the setting cors." }
  },
  { status: 403 }
)

const refusal = (request: HttpServerRequest.HttpServerRequest, error: RequestBody.BodyError | NotFound) =>
  error._tag === "NotFound" ? Response.toResponse(Response.ofError(error)) : RequestBody.refusal(request, error)
