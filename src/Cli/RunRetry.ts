/** `deployers run retry`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { type JsonSchema, properties } from "../Client/JsonSchema.js"
import { hasNoData } from "../Client/RunResult.js"
import * as Client from "../Client.js"
import { RunNotRepeatable } from "../Errors/Runs.js"
import type { Run } from "../Store/RunStore.js"
import { json, timeout, whenInterrupted } from "./Common.js"
import { leftOfInvocation, printInvocation } from "./InvokeProgram.js"
import * as RunSearch from "./RunSearch.js"

export const retry = Command.make(
  "retry",
  {
    ...RunSearch.options,
    timeout: timeout("How long the run may take, such as 30s or 10m; default: what the deployment is set to."),
    json
  },
  ({ deployment, id, json, timeout }) =>
    Effect.gen(function* () {
      const { name, run } = yield* RunSearch.find(id, deployment)
      const { input } = yield* Client.schema(name)
      if (isUnknown(run, input)) return yield* new RunNotRepeatable({ deployment: name, runId: id })
      const invocation = yield* Client.invoke(name, run.parameters as Readonly<Record<string, unknown>>, {
        timeout: Option.getOrUndefined(timeout)
      }).pipe(whenInterrupted(leftOfInvocation(name)))
      yield* printInvocation(json, invocation)
    })
).pipe(Command.withDescription("Run the pipeline again with the parameters of a run, as a new run."))

// internal

/**
 * Without its data a run has the parameters `{}`, which may be what it was given. It was, if anything else of its data is on
 * record, or if there is nothing to give.
 */
const isUnknown = (run: Run, input: JsonSchema): boolean => {
  const { parameters, steps = [] } = run
  const isEmpty = Predicate.isRecord(parameters) && Object.keys(parameters).length === 0
  return isEmpty && !takesNothing(input) && hasNoData(run) && steps.every(hasNoData)
}

const takesNothing = (input: JsonSchema): boolean =>
  input["$id"] === "/schemas/%7B%7D" || // a Struct without fields
  (input["type"] === "object" && Object.keys(properties(input)).length === 0 && input["additionalProperties"] === false)
