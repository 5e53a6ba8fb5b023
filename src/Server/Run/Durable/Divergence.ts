/** The failures of runs that cannot go on. */
import { RunDiverged, RunNotRecovered } from "../../../Contract/Errors.js"
import type { JournalEntry } from "../../../Store/RunStore.js"

/** The failure of a run whose code differs from its record. */
export const diverged = (
  runId: string,
  { kind, name, number }: Pick<JournalEntry, "kind" | "name" | "number">,
  differs: Exclude<RunDiverged["differs"], "parameters">,
  called?: string
): RunDiverged => {
  const recorded = `call ${number} of ${kind === "step" ? "step" : "operation"} "${name}"`
  return new RunDiverged({
    message: `The code of the run differs from its record: ${clauses[differs](recorded, called)}. ${remedy}`,
    runId,
    operation: name,
    number,
    differs
  })
}

/** The failure of a run whose parameters the pipeline of this process does not accept. */
export const divergedParameters = (runId: string, reason: string): RunDiverged =>
  new RunDiverged({
    message: `The parameters of the run do not fit the pipeline of this version: ${reason}. ${remedy}`,
    runId,
    operation: "",
    number: 0,
    differs: "parameters"
  })

/** The failure of a run that too many processes died with. */
export const notRecovered = (runId: string, recoveries: number, maxRecoveries: number): RunNotRecovered =>
  new RunNotRecovered({
    message: `${recoveries} processes died while they executed the run, and the serving setting maxRecoveries permits ${maxRecoveries}; look into the log of the service for their end, then retry the run.`,
    runId,
    recoveries
  })

// internal

const remedy = "Retry the run from the start, or serve the version that started it."

const clauses: {
  readonly [D in Exclude<RunDiverged["differs"], "parameters">]: (recorded: string, called?: string) => string
} = {
  operation: (recorded, called) => `it calls "${called}" where ${recorded} is recorded`,
  input: (recorded) => `${recorded} has another input than recorded`,
  end: (recorded) => `it ends without ${recorded}, which is recorded`,
  result: (recorded) => `the recorded result of ${recorded} does not fit its Schema`
}
