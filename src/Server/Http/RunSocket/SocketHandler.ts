/** The endpoint of the WebSocket of a run: the checks of its handshake, then the connection. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import {
  type Forbidden,
  InvalidRequest,
  OriginRefused,
  type Unauthorized,
  UpgradeRequired
} from "../../../Contract/Errors.js"
import { permits } from "../../../Contract/Keys.js"
import * as RunSocketContract from "../../../Contract/RunSocket.js"
import { RunSignals } from "../../Run/Durable/RunSignals.js"
import { StreamLimit } from "../../Run/Events/StreamLimit.js"
import { Invocation, Lifecycle } from "../../Run/Invocation.js"
import { RunQueries } from "../../Run/Records/RunQueries.js"
import * as Response from "../../Run/Response.js"
import { Service } from "../../Run/Service.js"
import * as Guard from "../Guard.js"
import { KeyRing } from "../KeyRing.js"
import * as Origins from "../Origins.js"
import { ServiceInfo } from "../ServiceInfo.js"
import * as Upgrade from "../Upgrade.js"
import * as RunSocket from "./RunSocket.js"
import * as SocketCommands from "./SocketCommands.js"
import * as SocketKey from "./SocketKey.js"
import * as WebSockets from "./WebSockets.js"

/** Handles requests for the WebSocket of a run. The response is empty when the connection is closed. */
export const make = Effect.gen(function* () {
  const { serving } = (yield* ServiceInfo).manifest
  const { enter, refusal: tooMany } = yield* StreamLimit
  const refusalOf = commandRefusal(yield* KeyRing)
  const isAllowed = Origins.make(serving)
  const acceptor = WebSockets.make(serving.maxBodyBytes)
  const services = ownServices(yield* Effect.context<RunSocket.Requirements>())
  return (
    request: HttpServerRequest.HttpServerRequest,
    { after, id }: { readonly after: number; readonly id: string }
  ) =>
    Effect.gen(function* () {
      const connection = yield* Upgrade.of(request)
      if (connection === undefined) return yield* upgradeRequired
      if (!isAllowed(request)) return yield* originRefused(request.headers["origin"])
      const problem = problemOf(request.headers)
      if (problem !== undefined) return yield* new InvalidRequest({ message: problem, issues: [] })
      const leave = enter()
      if (leave === undefined) return yield* tooMany
      yield* Effect.addFinalizer(() => Effect.sync(leave))
      const accept = yield* acceptor
      const act = SocketCommands.make({
        runId: id,
        maxJsonDepth: serving.maxJsonDepth,
        refusal: () => refusalOf(request.headers)
      })
      yield* Effect.provide(RunSocket.serve(accept, connection, { runId: id, after, act }), services)
      return HttpServerResponse.empty()
    }).pipe(Effect.catchAll((error) => Effect.succeed(Response.toResponse(Response.ofError(error)))))
})

// internal

const ownServices = Context.pick(Invocation, Lifecycle, RunQueries, RunSignals, Service)

const upgradeRequired = new UpgradeRequired({
  message:
    "This path is a WebSocket. Connect to it with a client of WebSockets, in a server and behind proxies that pass the upgrade on; /events has the same events over HTTP."
})

const originRefused = (origin = "") =>
  new OriginRefused({
    message: "A page of this origin may not open the WebSocket of a run; name its origin in the serving setting cors.",
    origin
  })

type Headers = HttpServerRequest.HttpServerRequest["headers"]

/** The fault of a handshake in words, which the library would refuse without them. */
const problemOf = ({
  "sec-websocket-key": key = "",
  "sec-websocket-protocol": offered,
  "sec-websocket-version": version
}: Headers): string | undefined => {
  if (version !== "13") return 'The header "Sec-WebSocket-Version" must be 13.'
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) return 'The header "Sec-WebSocket-Key" must have 16 bytes in base64.'
  return offered === undefined || RunSocketContract.isOffered(offered)
    ? undefined
    : `The header "Sec-WebSocket-Protocol" must name ${RunSocketContract.protocol} first, or be left out.`
}

/** The keys of a service may change while a client is connected, so each command asks again. */
const commandRefusal =
  (keys: Context.Tag.Service<KeyRing>) =>
  (headers: Headers): Unauthorized | Forbidden | undefined => {
    if (!keys.isRequired) return undefined
    const found = keys.find(SocketKey.authorizationOf(headers))
    if (found === undefined) return Guard.unauthorized
    return permits(found.key.scopes, "invoke") ? undefined : Guard.forbidden("invoke")
  }
