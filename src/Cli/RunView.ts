/** Runs for people. */
import type { Run } from "../Store/RunStore.js"
import * as Render from "./Render.js"

/** A run with its steps. */
export const render = (hasColor: boolean, self: Run): string =>
  [
    Render.fields(hasColor, [
      ["id", self.id],
      ["name", self.name],
      ["run", String(self.index)],
      ["status", statusText(self)],
      ["started", Render.time(self.startedAt)],
      ["took", took(self.executionTimeMillis)],
      ["parameters", Render.jsonLine(self.parameters)],
      ["outputs", self.outputs === undefined ? undefined : Render.jsonLine(self.outputs)],
      ["error", self.error === undefined ? undefined : Render.jsonLine(self.error)]
    ]),
    "",
    Render.table(
      hasColor,
      ["STEP", "STATUS", "ATTEMPTS", "TOOK", "RESULT"],
      (self.steps ?? []).map((step) => [
        step.name,
        step.status,
        String(step.attempts),
        took(step.executionTimeMillis),
        Render.jsonLine(step.outputs ?? step.error ?? null)
      ])
    )
  ].join("\n")

/** Its status, and why it was interrupted. */
export const statusText = ({ cause, status }: Pick<Run, "cause" | "status">): string =>
  cause === undefined ? status : `${status} (${cause})`

/** How long it took, if it has ended. */
export const took = (millis: number | undefined): string => (millis === undefined ? "-" : Render.duration(millis))
