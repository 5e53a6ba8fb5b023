/** `deployers supervise`: reconciles in the foreground, or lets the service manager of the machine run the supervisor. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Reconciler from "../../Deployer/Reconciler.js"
import type { ReconcileReport } from "../../Deployer.js"
import { ServiceManager, type Status } from "../../Local/ServiceManager.js"
import { flag, json, note, parseMillis, print, whenInterrupted } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as Render from "../Output/Render.js"
import { Output } from "../Output.js"

export const supervise = Command.make(
  "supervise",
  {
    every: Options.text("every").pipe(
      Options.withPseudoName("duration"),
      Options.withDescription("Time between two full passes, such as 5s or 1m; default 10s."),
      Options.filterMap(parseMillis, "Give --every a duration such as 5s, 30s or 1m."),
      Options.optional
    ),
    install: flag("install", "Let systemd or launchd run the supervisor of this home, now and after a restart."),
    uninstall: flag("uninstall", "Remove what --install made; the deployments keep running."),
    status: flag("status", "Show the installation and the supervisor that runs."),
    json
  },
  Effect.fnUntraced(function* ({ every, install, json, status, uninstall }) {
    if ([install, uninstall, status, Option.isSome(every)].filter(Boolean).length > 1) {
      return yield* new UsageError({
        message: "--install, --uninstall, --status and --every cannot be combined.",
        hint: "Give one of them."
      })
    }
    if (install) return yield* installNow(json)
    if (uninstall) return yield* uninstallNow(json)
    if (status) return yield* Effect.flatMap(ServiceManager, (manager) => Effect.flatMap(manager.status, show(json)))
    return yield* reconcileForever(
      json,
      Option.getOrElse(every, () => 10_000)
    )
  })
).pipe(
  Command.withDescription("Reconcile on events of the engines and at a regular interval, or install the supervisor.")
)

// internal

const reconcileForever = (asJson: boolean, every: number) =>
  Reconciler.passes({ every }).pipe(
    Stream.runForEach((pass) =>
      pass._tag === "Right" ? printActions(asJson, pass.right) : note(Render.clean(pass.left.message))
    ),
    whenInterrupted("The deployments keep running without supervision.")
  )

const installNow = Effect.fnUntraced(function* (asJson: boolean) {
  const manager = yield* ServiceManager
  yield* Effect.forEach(yield* manager.install, note, { discard: true })
  yield* show(asJson)(yield* manager.status)
})

const uninstallNow = Effect.fnUntraced(function* (asJson: boolean) {
  const manager = yield* ServiceManager
  yield* manager.uninstall
  yield* show(asJson)(yield* manager.status)
})

const show = (asJson: boolean) => (status: Status) =>
  print(asJson, { ...status, file: status.file ?? null, supervisor: status.supervisor ?? null }, (hasColor) =>
    Render.fields(hasColor, [
      ["manager", status.manager],
      ["service", status.installed ? `${status.name} (${status.file})` : "not installed"],
      ...(status.installed ? [["state", stateOf(status)] as const] : []),
      ["supervisor", supervisorOf(status)]
    ])
  )

const stateOf = ({ active, current, lingering }: Status): string =>
  [
    active ? "running" : "not running",
    ...(current ? [] : ["out of date: repeat `deployers supervise --install`"]),
    ...(lingering === false ? ["ends with the last session of its user"] : [])
  ].join(", ")

const supervisorOf = ({ supervisor }: Status): string =>
  supervisor === undefined
    ? "none; the first local deployment starts one"
    : `process ${supervisor.pid}, version ${supervisor.version}${supervisor.resident === true ? ", run by the service manager" : ""}`

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
