/** One HTTP exchange with an app in this process. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * The service ended before its response did.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionBroken extends Data.TaggedError("ConnectionBroken") {}

/**
 * Responds to a request. Interrupting it, aborting the request and cancelling the body of the response are the departure
 * of the caller; `broken` breaks a body that streams.
 */
export const respond = (
  app: HttpApp.Default,
  request: Request,
  broken: Effect.Effect<never, ConnectionBroken>
): Effect.Effect<Response> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime<never>()
      const scope = yield* Scope.make()
      const response = yield* restore(app).pipe(
        Effect.catchAllCause((cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.interrupt
            : Effect.map(HttpServerError.causeResponse(cause), ([response]) => response)
        ),
        Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(request)),
        Effect.provideService(Scope.Scope, scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      const close = Scope.close(scope, Exit.void)
      if (response.body._tag === "Stream")
        return toWeb(request, streaming(response, response.body, { broken, close, request }), runtime)
      yield* close
      return toWeb(request, response, runtime)
    })
  )

// internal

const toWeb = (
  { method }: Request,
  response: HttpServerResponse.HttpServerResponse,
  runtime: Runtime.Runtime<never>
): Response => HttpServerResponse.toWeb(response, { withoutBody: method === "HEAD", runtime })

const streaming = (
  response: HttpServerResponse.HttpServerResponse,
  { contentLength, contentType, stream }: HttpBody.Stream,
  until: {
    readonly broken: Effect.Effect<never, ConnectionBroken>
    readonly close: Effect.Effect<void>
    readonly request: Request
  }
): HttpServerResponse.HttpServerResponse => {
  const body = stream.pipe(
    Stream.interruptWhen(until.broken),
    Stream.interruptWhen(aborted(until.request.signal)),
    Stream.ensuring(until.close)
  )
  return HttpServerResponse.setBody(response, HttpBody.stream(body, contentType, contentLength))
}

const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.async((resume) => {
    const onAbort = () => resume(Effect.void)
    if (signal.aborted) return onAbort()
    signal.addEventListener("abort", onAbort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", onAbort))
  })
