/** The endpoints of schedules. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { Scheduler } from "../Run/Schedules/Scheduler.js"
import type { Contract } from "./SessionHandlers.js"

/** Implements the endpoints over the scheduler of the service. */
export const layer = (api: Contract) =>
  HttpApiBuilder.group(api, "schedules", (handlers) =>
    Effect.gen(function* () {
      const { fire, list, setPaused } = yield* Scheduler
      return handlers
        .handle("list", () => Effect.map(list, (schedules) => ({ schedules })))
        .handle("pause", ({ path: { name } }) => setPaused(name, true))
        .handle("resume", ({ path: { name } }) => setPaused(name, false))
        .handle("fire", ({ path: { name } }) => Effect.map(fire(name), (runId) => ({ runId })))
    })
  )
