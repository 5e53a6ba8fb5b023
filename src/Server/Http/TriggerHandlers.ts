/** The endpoints of triggers. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { TriggerPauses } from "../Run/Triggers/TriggerPauses.js"
import type { Contract } from "./SessionHandlers.js"

/** Implements the endpoints over the pauses of the service. */
export const layer = (api: Contract) =>
  HttpApiBuilder.group(api, "triggers", (handlers) =>
    Effect.map(TriggerPauses, ({ list, setPaused }) =>
      handlers
        .handle("list", () => Effect.map(list, (triggers) => ({ triggers })))
        .handle("pause", ({ path: { name } }) => setPaused(name, true))
        .handle("resume", ({ path: { name } }) => setPaused(name, false))
    )
  )
