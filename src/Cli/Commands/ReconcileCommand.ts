/** `deployers reconcile`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Deployer, RebuildReport, ReconcileReport } from "../../Deployer.js"
import { afterRepeatable, flag, json, print, whenInterrupted } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

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
  rows.length === 0 ? [] : [Table.draw(hasColor, head, rows)]
