/**
 * `POST /invoke` straight from Node's request to Node's response. Every run comes in by this route, and the platform's
 * handlers cost several times as much as a quick run. Both call the same functions.
 */
import type { ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Runtime from "effect/Runtime"
import { Invocation } from "../Run/Invocation.js"
import * as Response from "../Run/Response.js"
import * as ResponseMode from "../Run/ResponseMode.js"
import * as RunEvents from "../Run/RunEvents.js"
import * as NodeServer from "./NodeServer.js"
import * as RequestBody from "./RequestBody.js"
import * as ServerSentEvents from "./ServerSentEvents.js"
import { ServiceInfo } from "./ServiceInfo.js"

/**
 * Makes the handler of invocations that have passed the guard. Invocations with an idempotency key take the platform's
 * handlers: they wait for the store before they run.
 */
export const make = (
  platform: NodeServer.Handler
): Effect.Effect<NodeServer.Handler, never, ServiceInfo | Invocation> =>
  Effect.gen(function* () {
    const { manifest } = yield* ServiceInfo
    const invocation = yield* Invocation
    const open = yield* ServerSentEvents.make
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    return (request, response) => {
      const view = ResponseMode.of(request.headers, manifest.serving)
      if (request.headers["idempotency-key"] !== undefined) return platform(request, response)
      RequestBody.receive(request, manifest.serving, (body) => {
        if (Either.isLeft(body)) {
          const answer = Response.ofError(body.left)
          if (RequestBody.isWhole(request)) NodeServer.send(request, response, answer)
          else runFork(RequestBody.refuse(request, response, answer))
          return
        }
        const leave =
          view === "stream"
            ? RunEvents.invoke(invocation, body.right, open(response), (answer) => {
                if (answer !== undefined) NodeServer.send(request, response, answer)
              })
            : invocation.call(
                body.right,
                (answer) => {
                  if (!response.destroyed) NodeServer.send(request, response, answer)
                },
                ResponseMode.manners[view]
              )
        if (leave !== undefined) whenClosed(response, leave)
      })
    }
  })

// internal

/** Calls `leave` when the caller disconnects before its response. */
const whenClosed = (response: ServerResponse, leave: () => void): void => {
  if (response.writableEnded) return
  response.once("close", () => {
    if (!response.writableEnded) leave()
  })
}
