/** Runs that another process accepted, as invocations of this one. */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as EncodedJson from "../../../Internal/EncodedJson.js"
import type * as Pipeline from "../../../Pipeline.js"
import type * as Settings from "../../../Settings/Serving.js"
import type { TakenRun } from "../../../Store/RunStore.js"
import * as SchemaCodec from "../../HotPath/SchemaCodec.js"
import type { InvocationRequest } from "../Execution/RunCall.js"
import * as Divergence from "./Divergence.js"
import * as DurableCall from "./DurableCall.js"

/** Makes the function that turns a taken run into an invocation. A run that cannot go on has its ending. */
export const invocations = (
  pipeline: Pipeline.Any,
  { maxRecoveries }: Pick<Settings.Serving, "maxRecoveries">
): ((taken: TakenRun) => Effect.Effect<Omit<InvocationRequest, "runtime" | "slot" | "onAnswer">>) => {
  const decode = SchemaCodec.decoder(pipeline.input)
  return (taken) => {
    const { recoveries, run } = taken
    const { options, timeoutMillis } = DurableCall.optionsOf(taken)
    const of = (parameters: unknown, ending: InvocationRequest["ending"]) => ({
      request: {
        parameters,
        parametersUsed: EncodedJson.encode(run.parameters),
        runName: run.name,
        timeoutMillis,
        skipArtifacts: false
      },
      options,
      session: run.session,
      taken,
      ending
    })
    if (recoveries > maxRecoveries) {
      return Effect.succeed(of(undefined, Divergence.notRecovered(run.id, recoveries, maxRecoveries)))
    }
    return Effect.match(decode(run.parameters), {
      onSuccess: (parameters) => of(parameters, undefined),
      onFailure: (issue) =>
        of(undefined, Divergence.divergedParameters(run.id, ParseResult.TreeFormatter.formatIssueSync(issue)))
    })
  }
}
