/** What an invocation that was waited for prints, whichever command asked for it. */
import * as Effect from "effect/Effect"
import type * as Client from "../Client.js"
import { note, print } from "./Common.js"
import type { Output } from "./Output.js"
import * as Render from "./Render.js"

/** Prints the outputs, and where the run can be looked at. */
export const printInvocation = (
  asJson: boolean,
  { executionTimeMillis, metadata, outputs }: Client.Invocation<unknown>
): Effect.Effect<void, never, Output> =>
  Effect.gen(function* () {
    yield* print(asJson, { success: true, outputs, executionTimeMillis, metadata }, () => Render.json(outputs))
    if (asJson) return
    const took = Render.duration(executionTimeMillis)
    yield* note(
      Render.clean(`${metadata.runName} took ${took}; \`deployers run describe ${metadata.runId}\` shows its steps.`)
    )
  })

/** What an interrupted invocation leaves. */
export const leftOfInvocation = (name: string): string =>
  `The run is interrupted too; \`deployers runs ${name}\` shows it.`
