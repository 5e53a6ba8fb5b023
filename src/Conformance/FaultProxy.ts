/** A proxy on a Unix socket between a client and a real engine, which delays, loses, cuts and falsifies what passes. */
import { createServer, type Server } from "node:net"
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { pipe } from "./FaultProxy/Pipe.js"
import type { Disturbance, ProxiedRequest, Rule } from "./FaultProxy/Rule.js"

export { Disturbance, type ProxiedRequest, type Rule, times, to } from "./FaultProxy/Rule.js"

/**
 * A proxy that runs.
 *
 * @category services
 * @since 0.1.0
 */
export class FaultProxy extends Context.Tag("effect-deployers/Testing/FaultProxy")<
  FaultProxy,
  {
    /** The address for clients, such as `unix:///tmp/x/proxy.sock`. */
    readonly host: string
    /** Sets the rule; without one everything passes. */
    readonly use: (rule: Rule) => Effect.Effect<void>
    /** Requests so far. */
    readonly requests: ReadonlyArray<ProxiedRequest>
    /** The faults so far, each with its request. */
    readonly disturbed: ReadonlyArray<{ readonly request: ProxiedRequest; readonly disturbance: Disturbance }>
    /** The most connections that were open at one moment. */
    readonly mostAtOnce: Effect.Effect<number>
  }
>() {}

/**
 * Runs a proxy before the engine at a Unix socket for as long as the scope is open.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FaultProxy } from "effect-deployers/Conformance"
 *
 * const behind = Effect.gen(function* () {
 *   const proxy = yield* FaultProxy.make("/var/run/docker.sock")
 *   const lost = FaultProxy.Disturbance.DropAfter({ when: "answered" })
 *   yield* proxy.use(FaultProxy.times(1, FaultProxy.to("POST", /^\/containers\/create/, lost)))
 *   return proxy.host
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  engine: string
): Effect.Effect<typeof FaultProxy.Service, PlatformError, FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem
    const runtime = yield* Effect.runtime<never>()
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-proxy-" })
    const socket = Path.join(folder, "proxy.sock")
    const requests: Array<ProxiedRequest> = []
    const disturbed: Array<{ readonly request: ProxiedRequest; readonly disturbance: Disturbance }> = []
    let rule: Rule = () => undefined
    let open = 0
    let most = 0
    const decide = (method: string, path: string) => {
      const request = { number: requests.length + 1, method, path }
      requests.push(request)
      const disturbance = rule(request)
      if (disturbance !== undefined) disturbed.push({ request, disturbance })
      return disturbance
    }
    const later = (millis: number, then: () => void) => {
      Runtime.runFork(runtime)(Effect.delay(Effect.sync(then), millis))
    }
    yield* Effect.acquireRelease(
      listen(socket, (client) => {
        open += 1
        most = Math.max(most, open)
        client.once("close", () => {
          open -= 1
        })
        pipe(client, engine, decide, later)
      }),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    )
    return {
      host: `unix://${socket}`,
      use: (next) =>
        Effect.sync(() => {
          rule = next
        }),
      requests,
      disturbed,
      mostAtOnce: Effect.sync(() => most)
    }
  })

/**
 * The same as a layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (engine: string): Layer.Layer<FaultProxy, PlatformError, FileSystem> =>
  Layer.scoped(FaultProxy, make(engine))

// internal

const listen = (socket: string, onClient: Parameters<typeof createServer>[1]): Effect.Effect<Server> =>
  Effect.async((resume) => {
    const server = createServer({ allowHalfOpen: true }, onClient)
    server.listen(socket, () => resume(Effect.succeed(server)))
  })
