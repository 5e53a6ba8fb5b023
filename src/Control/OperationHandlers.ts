/** The endpoints of changes that go on. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { Api } from "./Api.js"
import { Operations } from "./Operations.js"

export const layer = HttpApiBuilder.group(Api, "operations", (handlers) =>
  Effect.map(Operations, ({ cancel, settleGate }) =>
    handlers
      .handle("cancel", ({ path }) => cancel(path.id))
      .handle("gate", ({ path, payload }) => settleGate(path.id, payload.failure))
  )
)
