/** `deployers reconcile` and `deployers supervise`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Reconciler from "../Deployer/Reconciler.js"
import { Deployer, RebuildReport, type ReconcileError, ReconcileReport } from "../Deployer.js"
import { json, note, parseMillis, print, whenInterrupted } from "./Common.js"
import { UsageError } from "./Failure.js"
import { Output } from "./Output.js"
import * as Render from "./Render.js"

export const reconcile = Command.make(
  "reconcile",
  {
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Say what would be done, and do nothing.")),
    rebuild: Options.boolean("rebuild").pipe(
      Options.withDescription("Put deployments back that the registry lost, from the files of their instances.")
    ),
    json
  },
  ({ dryRun, json, rebuild }) =>
    Effect.gen(function* () {
      if (dryRun && rebuild) {
        return yield* new UsageError({
          message: "--dry-run and --rebuild do not go together.",
          hint: "Rebuilding touches nothing but the registry, and nothing in it that is there."
        })
      }
      yield* rebuild ? rebuildNow(json) : dryRun ? planNow(json) : reconcileNow(json)
    })
).pipe(
  Command.withDescription(
    "Make registry and reality agree: finish or undo what died, remove leftovers, start again what crashed."
  )
)

export const supervise = Command.make(
  "supervise",
  {
    every: Options.text("every").pipe(
      Options.withPseudoName("duration"),
      Options.withDescription("From one full pass to the next, such as 5s or 1m; default 10s."),
      Options.filterMap(parseMillis, "Give --every a duration such as 5s, 30s or 1m."),
      Options.optional
    ),
    json
  },
  ({ every, json }) =>
    Reconciler.passes({ every: Option.getOrElse(every, () => 10_000) }).pipe(
      Stream.runForEach((pass) => (pass._tag === "Right" ? tell(json, pass.right) : complain(pass.left))),
      whenInterrupted("Nobody supervises the deployments now; they go on.")
    )
).pipe(Command.withDescription("Reconcile all the time, on what engines tell and at regular times, until interrupted."))

// internal

const reconcileNow = (asJson: boolean) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const report = yield* deployer.reconcile.pipe(whenInterrupted("`deployers reconcile` can be repeated."))
    yield* show(asJson, report, (actions) => `${actions} taken`)
  })

const planNow = (asJson: boolean) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    yield* show(asJson, yield* deployer.reconcilePlan, (actions) => `${actions} to be taken`)
  })

const rebuildNow = (asJson: boolean) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const report = yield* deployer.rebuild
    yield* print(asJson, Schema.encodeSync(RebuildReport)(report), (hasColor) =>
      [
        `${counted(report.recovered.length, "deployment")} put back; \`deployers reconcile\` looks how it stands.`,
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
      `${counted(report.observed, "deployment")} looked at, ${summary(counted(report.actions.length, "action"))}.`,
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

/** One line for each thing that was done; nothing when nothing was. */
const tell = (asJson: boolean, { actions, unavailable }: ReconcileReport) =>
  Effect.gen(function* () {
    const { result } = yield* Output
    const at = DateTime.formatIso(yield* DateTime.now)
    yield* Effect.forEach(unavailable, note, { discard: true })
    for (const action of actions) {
      const { deployment, detail, failure, outcome } = action
      const line = `${at}  ${deployment}  ${action.action} ${outcome}: ${Render.clean(failure ?? detail)}`
      yield* result(asJson ? Render.jsonLine({ at, ...action }) : line)
    }
  })

const complain = (error: ReconcileError) => note(Render.clean(error.message))
