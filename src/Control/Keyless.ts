/** The server of the control API without the endpoints of keys, behind a program that decides about its callers. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Keyless } from "./Api.js"
import * as DeployerHandlers from "./DeployerHandlers.js"
import * as DeploymentHandlers from "./DeploymentHandlers.js"
import * as OperationHandlers from "./OperationHandlers.js"
import * as Operations from "./Operations.js"
import * as RecordHandlers from "./RecordHandlers.js"

/** The handlers of all endpoints but those of keys. */
export const commonHandlers = Layer.mergeAll(
  DeployerHandlers.layer,
  DeploymentHandlers.layer,
  OperationHandlers.layer,
  RecordHandlers.layer
)

/** Serves the deployer. Each request goes to `admit`, which passes the permitted ones on. */
export const layer = <R>(
  admit: (app: HttpApp.Default<never, HttpRouter.HttpRouter.DefaultServices>) => HttpApp.Default<never, R>
) =>
  Layer.unwrapEffect(Effect.map(HttpApiBuilder.httpApp, (app) => HttpServer.serve(admit(app)))).pipe(
    Layer.provide([HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer]),
    Layer.provide(HttpApiBuilder.api(Keyless)),
    Layer.provide(commonHandlers),
    Layer.provide(Operations.layer)
  )
