/** `deployers doctor`: checks this machine and changes nothing. */
import * as Command from "@effect/cli/Command"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { json, print } from "./Common.js"
import { codeOfCheck } from "./ErrorGuide/CheckCodes.js"
import { exitCodes, Reported } from "./Failure.js"
import * as Render from "./Output/Render.js"

/**
 * The result of a check: `ok`, a `warning` if a part differs from what users expect, or a `fault` if commands fail. The last
 * two have a remedy.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finding {
  readonly status: "ok" | "warning" | "fault"
  readonly detail: string
  readonly remedy?: string | undefined
}

/**
 * The checks of this machine.
 *
 * @category services
 * @since 0.1.0
 */
export class Doctor extends Context.Tag("effect-deployers/Cli/Doctor")<
  Doctor,
  { readonly checks: ReadonlyArray<{ readonly name: string; readonly run: Effect.Effect<Finding> }> }
>() {}

/**
 * The command that runs the checks and prints findings with remedies. It exits with 1 if a check found a fault.
 *
 * @category commands
 * @since 0.1.0
 */
export const doctor = Command.make(
  "doctor",
  { json },
  Effect.fnUntraced(function* ({ json }) {
    const { checks } = yield* Doctor
    const findings = yield* Effect.forEach(checks, ({ name, run }) =>
      Effect.map(run, (finding) => ({ name, ...codeOf(name, finding), ...finding }))
    )
    const isHealthy = findings.every(({ status }) => status !== "fault")
    yield* print(json, { healthy: isHealthy, checks: findings }, (hasColor) => {
      const widest = findings.reduce((most, { name }) => Math.max(most, name.length), 0)
      return findings
        .map(({ code, detail, name, remedy, status }) => {
          const label = Render.paint(hasColor, Render.statusStyle(status), status.padEnd(7))
          const line = `${label}  ${name.padEnd(widest)}  ${Render.clean(detail)}${code === undefined ? "" : ` [${code}]`}`
          return remedy === undefined ? line : `${line}\n${" ".repeat(widest + 11)}${Render.clean(remedy)}`
        })
        .join("\n")
    })
    if (!isHealthy) return yield* new Reported({ exitCode: exitCodes.failure })
  })
).pipe(Command.withDescription("Check this machine, the project, the home folder and its deployments."))

// internal

/** A finding that is not `ok` has the code of its check, which `deployers help CODE` explains. */
const codeOf = (name: string, { status }: Finding): { readonly code?: string | undefined } =>
  status === "ok" ? {} : { code: codeOfCheck(name) }
