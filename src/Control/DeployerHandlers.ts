/** The endpoints of a deployer as a whole. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Reports from "../Deployer/Reports.js"
import { Deployer, type ReconcileError, type Service } from "../Deployer.js"
import { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import type { StoreError } from "../Errors/Stores.js"
import { Api } from "./Api.js"
import * as Lines from "./Lines.js"
import { Operations } from "./Operations.js"

export const layer = HttpApiBuilder.group(Api, "deployer", (handlers) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const { closed, kind } = yield* Operations
    const reconciles = kind<Reports.ReconcileReport, ReconcileError>()
    const rebuilds = kind<Reports.RebuildReport, StoreError>()
    const { flavor, name, settingNames } = deployer
    return handlers
      .handle("info", () => Effect.succeed({ flavor, name, settingNames }))
      .handle("reconcilePlan", () => deployer.reconcilePlan)
      .handle("reconcile", ({ headers }) => reconciles.run(headers["idempotency-key"], deployer.reconcile))
      .handle("rebuild", ({ headers }) => rebuilds.run(headers["idempotency-key"], deployer.rebuild))
      .handleRaw("events", () =>
        Lines.respond(Schema.NullOr(DeploymentEvent), Schema.Never, eventsOf(deployer), closed)
      )
      .handleRaw("changes", () => Lines.respond(Schema.Null, Schema.Never, Stream.as(deployer.changes, null), closed))
  })
)

// internal

/** The first item is `null`: from it on no event is missed. */
const eventsOf = (deployer: Service): Stream.Stream<DeploymentEvent | null> =>
  Stream.unwrapScoped(
    Effect.map(deployer.subscribe, (queue) => Stream.concat(Stream.succeed(null), Stream.fromQueue(queue)))
  )
