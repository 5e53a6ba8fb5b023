/** `deployers reconcile` and `deployers supervise`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Reconciler from "../Deployer/Reconciler.js"
import { Deployer, RebuildReport, ReconcileReport } from "../Deployer.js"
import { afterRepeatable, flag, json, note, parseMillis, print, whenInterrupted } from "./Common.js"
import { UsageError } from "./Failure.js"
import { Output } from "./Output.js"
import * as Render from "./Render.js"

export const reconcile = Command.make(
  "reconcile",
  {
    dryRun: flag("dry-run", "Show the actions and take none."),
    rebuild: flag("rebuild", "Add deployments that the registry lost, from the files of their instances."),
    json
  },
  Effect.fnUntraced(function* ({ dryRun, json, rebuild }) {
    if (dryRun && rebuild) {
      return yield* new UsageError({
        message: "--dry-run and --rebuild cannot be combined.",
        hint: "Omit --dry-run: --rebuild only adds missing deployments to the registry."
      })
    }
    yield* rebuild ? rebuildNow(json) : dryRun ? planNow(json) : reconcileNow(json)
  })
).pipe(
  Command.withDescription(
    "Repair: finish or undo interrupted operations, remove leftovers, restart crashed deployments."
  )
)

export const supervise = Command.make(
  "supervise",
  {
    every: Options.text("every").pipe(
      Options.withPseudoName("duration"),
      Options.withDescription("Time between two full passes, such as 5s or 1m; default 10s."),
      Options.filterMap(parseMillis, "Give --every a duration such as 5s, 30s or 1m."),
      Options.optional
    ),
    json
  },
  ({ every, json }) =>
    Reconciler.passes({ every: Option.getOrElse(every, () => 10_000) }).pipe(
      Stream.runForEach((pass) =>
        pass._tag === "Right" ? printActions(json, pass.right) : note(Render.clean(pass.left.message))
      ),
      whenInterrupted("The deployments keep running without supervision.")
    )
).pipe(Command.withDescription("Reconcile on events of the engines and at a regular interval, until interrupted."))

// internal

const reconcileNow = Effect.fnUntraced(function* (asJson: boolean) {
  const deployer = yield* Deployer
  const report = yield* deployer.reconcile.pipe(whenInterrupted(afterRepeatable("reconcile")))
  yield* show(asJson, report, (actions) => `${actions} taken`)
})

const planNow = Effect.fnUntraced(function* (asJson: boolean) {
  const deployer = yield* Deployer
  yield* show(asJson, yield* deployer.reconcilePlan, (actions) => `${actions} planned`)
})

const rebuildNow = Effect.fnUntraced(function* (asJson: boolean) {
  const deployer = yield* Deployer
  const report = yield* deployer.rebuild
  yield* print(asJson, Schema.encodeSync(RebuildReport)(report), (hasColor) =>
    [
      `${counted(report.recovered.length, "deployment")} added; \`deployers reconcile\` reads the status.`,
      ...table(
        hasColor,
        ["DEPLOYMENT", "GENERATION", "SNAPSHOT"],
        report.recovered.map(({ deployment, generation, snapshot }) => [deployment, String(generation), snapshot])
      ),
      ...table(
        hasColor,
        ["SKIPPED", "REASON"],
        report.skipped.map(({ reason, resource }) => [resource, reason])
      )
    ].join("\n")
  )
})

const show = (asJson: boolean, report: ReconcileReport, summary: (actions: string) => string) =>
  print(asJson, Schema.encodeSync(ReconcileReport)(report), (hasColor) =>
    [
      `${counted(report.observed, "deployment")} observed, ${summary(counted(report.actions.length, "action"))}.`,
      ...report.unavailable.map(Render.clean),
      ...table(
        hasColor,
        ["DEPLOYMENT", "ACTION", "OUTCOME", "DETAIL"],
        report.actions.map(({ action, deployment, detail, failure, outcome }) => [
          deployment,
          action,
          outcome,
          failure === undefined ? detail : `${detail} (${failure})`
        ])
      )
    ].join("\n")
  )

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

const table = (hasColor: boolean, head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  rows.length === 0 ? [] : [Render.table(hasColor, head, rows)]

/** Prints one line per action, and nothing without an action. */
const printActions = Effect.fnUntraced(function* (asJson: boolean, { actions, unavailable }: ReconcileReport) {
  const { result } = yield* Output
  const at = DateTime.formatIso(yield* DateTime.now)
  yield* Effect.forEach(unavailable, note, { discard: true })
  for (const action of actions) {
    const { deployment, detail, failure, outcome } = action
    const line = `${at}  ${deployment}  ${action.action} ${outcome}: ${Render.clean(failure ?? detail)}`
    yield* result(asJson ? Render.jsonLine({ at, ...action }) : line)
  }
})
