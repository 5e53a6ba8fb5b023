/** The server of the control API: the deployer of this process, for callers with the token. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiError from "@effect/platform/HttpApiError"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Deployer } from "../Deployer.js"
import { Api, Authorization } from "./Api.js"
import * as KeyHandlers from "./KeyHandlers.js"
import { commonHandlers } from "./Keyless.js"
import * as Operations from "./Operations.js"

/**
 * The settings of a control server.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** Callers with this token may do everything that the deployer can. */
  readonly token: Redacted.Redacted
}

/**
 * Serves the deployer at the address of an HTTP server, until the scope closes.
 *
 * **Details**
 *
 * Callers with the token can start code on this machine and read the keys of its deployments: listen on the loopback address,
 * or behind a proxy with TLS.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http"
 * import { NodeHttpServer } from "@effect/platform-node"
 * import { Layer, type Redacted } from "effect"
 * import { Embedded } from "effect-deployers/Local"
 * import { Control } from "effect-deployers/Control"
 *
 * const server = (token: Redacted.Redacted) =>
 *   Control.layer({ token }).pipe(
 *     Layer.provide(Embedded.layer({ home: "/var/lib/deployers" })),
 *     Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 7070 }))
 *   )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: Options
): Layer.Layer<never, never, Deployer | HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices> =>
  HttpApiBuilder.serve().pipe(
    Layer.provide(HttpApiBuilder.api(Api)),
    Layer.provide([commonHandlers, KeyHandlers.layer]),
    Layer.provide(Operations.layer),
    Layer.provide(authorization(options))
  )

// internal

/** Compares digests, so that the time of a comparison says nothing about the token. */
const authorization = ({ token }: Options) =>
  Layer.effect(
    Authorization,
    Effect.map(digest(token), (expected) => ({
      bearer: (given) =>
        Effect.flatMap(digest(given), (actual) =>
          actual === expected ? Effect.void : Effect.fail(new HttpApiError.Unauthorized())
        )
    }))
  )

const digest = (secret: Redacted.Redacted): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(Redacted.value(secret)))),
    (bytes) => Array.from(new Uint8Array(bytes)).join()
  )
