/** Health beside the event loop: a server whose liveness and readiness do not wait for a step that computes. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Routes from "../../Contract/Routes.js"
import * as Guard from "../Http/Guard.js"
import { KeyRing } from "../Http/KeyRing.js"
import type { NodeServer } from "../Http/NodeServer.js"
import * as SecureHeaders from "../Http/SecureHeaders.js"
import { ServiceInfo } from "../Http/ServiceInfo.js"
import { Invocation } from "../Run/Invocation.js"
import * as Response from "../Run/Response.js"
import { Service } from "../Run/Service.js"
import * as LivenessThread from "./LivenessThread.js"
import type { HealthRoutes } from "./Messages.js"

/** The liveness thread starts after the first requests, so that it does not slow them down. */
export const delay = "250 millis"

/**
 * Starts the liveness thread of a server, which ends with the scope. A thread that cannot start is a warning: then health
 * waits for the event loop.
 */
export const start = (
  server: NodeServer
): Effect.Effect<void, never, Service | ServiceInfo | KeyRing | Invocation | Scope.Scope> =>
  Effect.gen(function* () {
    const { condition } = yield* Service
    const { inFlight, queued } = yield* Invocation
    const isIdle = () => inFlight() + queued() === 0
    const thread = yield* LivenessThread.make({ condition, health: yield* routes, isIdle })
    yield* server.standIn(thread)
    yield* Effect.logInfo("Health is answered while a step computes, too.")
  }).pipe(
    Effect.catchTag("ThreadFailed", ({ reason }) => Effect.logWarning(`Health waits while a step computes: ${reason}.`))
  )

// internal

const routes: Effect.Effect<HealthRoutes, never, ServiceInfo | KeyRing> = Effect.gen(function* () {
  const { manifest } = yield* ServiceInfo
  const { health, live, ready } = Routes.paths(manifest.serving)
  const headers = [...SecureHeaders.make(manifest.serving.secureHeaders), ...Object.entries(Response.json)]
  return {
    checked: [health, ready],
    live,
    loopbackOnly: manifest.serving.allowedHosts.length === 0 && Guard.isForThisMachine(manifest, yield* KeyRing),
    headers: headers.map(([name, value]) => `${name}: ${value}`).join("\r\n")
  }
})
