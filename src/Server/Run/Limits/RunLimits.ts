/** The limits of what a run returns and records, and the failure of a run that exceeds one. */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Option from "effect/Option"
import { RunDiverged, RunLimitExceeded } from "../../../Contract/Errors.js"
import * as StrictJson from "../../../Internal/StrictJson.js"
import type { Serving } from "../../../Settings/Serving.js"

/** The name of a limit, which is that of its serving setting. */
export type Limit = RunLimitExceeded["limit"]

export type Limits = Readonly<Pick<Serving, Limit>>

/** The value or the number that exceeds a limit. */
export interface Excess {
  readonly runId: string
  readonly limit: Limit
  /** The step that has the output, or the tag of the failure. */
  readonly of?: string | undefined
  readonly actual: number
}

/** The failure of a run that exceeds a limit. */
export const exceeded = (limits: Limits, { actual, limit, of, runId }: Excess): RunLimitExceeded => {
  const maximum = limits[limit]
  const name = of === undefined ? undefined : StrictJson.toWellFormed(of.slice(0, longestName))
  return new RunLimitExceeded({
    message: `${clauses[limit](actual, name)}, and the serving setting ${limit} permits ${maximum}; ${remedies[limit]}, or raise the setting.`,
    runId,
    limit,
    maximum,
    actual,
    ...(limit === "maxErrorBytes" && name !== undefined ? { failureTag: name } : {})
  })
}

/**
 * The limit or the divergence that ended a run, from the cause of its failure. A call of another service may have failed with
 * one, too.
 */
export const ofCause = (cause: Cause.Cause<unknown>, runId: string): RunLimitExceeded | RunDiverged | undefined =>
  Option.getOrUndefined(
    Chunk.findFirst(
      Cause.defects(cause),
      (defect): defect is RunLimitExceeded | RunDiverged =>
        (defect instanceof RunLimitExceeded || defect instanceof RunDiverged) && defect.runId === runId
    )
  )

// internal

/** A tag may be a text of user code. */
const longestName = 200

const clauses: { readonly [L in Limit]: (actual: number, of: string | undefined) => string } = {
  maxOutputBytes: (actual) => `The outputs of the run take ${actual} bytes as JSON`,
  maxErrorBytes: (actual, tag) => `The failure ${tag ?? "of the run"} takes ${actual} bytes as JSON`,
  maxEventBytes: (actual, step) =>
    `${step === undefined ? "A published message" : `The output of step "${step}"`} takes ${actual} bytes as JSON`,
  maxArtifactBytes: (actual, step) => `The output of step "${step ?? ""}" takes ${actual} bytes as JSON`,
  maxRunBytes: (actual) => `The messages of the run and the results of its steps take ${actual} bytes as JSON`,
  maxStepsPerRun: (actual) => `The run calls ${actual} steps`,
  maxEventsPerRun: (actual) => `The run has ${actual} events`
}

const remedies: { readonly [L in Limit]: string } = {
  maxOutputBytes: "return less",
  maxErrorBytes: "give the failure less data",
  maxEventBytes: "return or publish less at once",
  maxArtifactBytes: "return less at once",
  maxRunBytes: "record less in one run",
  maxStepsPerRun: "call fewer steps in one run",
  maxEventsPerRun: "publish less often"
}
