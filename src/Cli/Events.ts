/**
 * `deployers events`.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { Deployer } from "../Deployer.js"
import { EventStore } from "../Store/EventStore.js"
import { deploymentName, json, print } from "./Common.js"
import * as Json from "./Json.js"
import * as Render from "./Render.js"

/**
 * @category commands
 * @since 0.1.0
 */
export const events = Command.make("events", { name: deploymentName, json }, ({ json, name }) =>
  Effect.gen(function* () {
    const deployment = yield* Effect.flatMap(Deployer, (deployer) => deployer.get(name))
    const found = yield* Effect.flatMap(EventStore, (store) => store.list({ deploymentId: deployment.id }))
    yield* print(json, { events: found.map(Json.event) }, (hasColor) =>
      Render.table(
        hasColor,
        ["TIME", "OPERATION", "EVENT", "DETAILS"],
        found.map((event) => [
          Render.time(event.at),
          event.operation,
          event.type,
          Object.keys(event.data).length === 0 ? "" : Render.jsonLine(event.data)
        ])
      )
    )
  })
).pipe(Command.withDescription("Show what was done to a deployment: its audit log."))
