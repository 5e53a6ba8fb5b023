/** The checks that the layers of a pipeline contribute, and what each found last. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Health as Report } from "../../Contract/Responses.js"
import type * as Health from "../../Health.js"

/** A check with what it found last. */
export type Finding = Report["checks"][number]

/** Holds the checks of a service. */
export class HealthChecks extends Context.Tag("effect-deployers/Server/HealthChecks")<
  HealthChecks,
  {
    /** The last finding of every check. A plain function, because every answer of health reads it. */
    readonly findings: () => ReadonlyArray<Finding>
    /** Takes the checks of the layers that are built with it. */
    readonly checks: Context.Tag.Service<Health.Checks>
  }
>() {}

/** No checks yet. A check has its first look when it is added, and looks again until the scope of its layer closes. */
export const layer: Layer.Layer<HealthChecks> = Layer.sync(HealthChecks, () => {
  const found = new Map<string, { readonly check: Health.Check; readonly finding: Finding }>()
  const lookOnce = (check: Health.Check) =>
    Effect.flatMap(check.look, (reason) => {
      const before = found.get(check.name)?.finding.status ?? "pass"
      const finding = findingOf(check.name, reason)
      found.set(check.name, { check, finding })
      return finding.status === before ? Effect.void : report(finding)
    })
  return {
    findings: () => [...found.values()].map(({ finding }) => finding),
    checks: {
      add: (check) =>
        Effect.gen(function* () {
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              if (found.get(check.name)?.check === check) found.delete(check.name)
            })
          )
          yield* lookOnce(check)
          yield* Effect.forkScoped(
            Effect.delay(Effect.repeat(lookOnce(check), Schedule.spaced(check.every)), check.every)
          )
        })
    }
  }
})

/** The findings of several processes: a check fails while it fails in one of them. */
export const combine = (all: ReadonlyArray<ReadonlyArray<Finding>>): ReadonlyArray<Finding> => {
  const worst = new Map<string, Finding>()
  for (const finding of all.flat()) if (worst.get(finding.name)?.status !== "fail") worst.set(finding.name, finding)
  return [...worst.values()]
}

// internal

const findingOf = (name: string, reason: Option.Option<string>): Finding =>
  Option.match(reason, {
    onNone: () => ({ name, status: "pass" }),
    onSome: (text) => ({ name, status: "fail", reason: text })
  })

const report = ({ name, reason, status }: Finding): Effect.Effect<void> =>
  status === "fail"
    ? Effect.logWarning(`The health check "${name}" fails: ${reason}`)
    : Effect.logInfo(`The health check "${name}" passes again.`)
