/**
 * `deployers reconcile`.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Deployer, ReconcileReport } from "../Deployer.js"
import { json, print, whenInterrupted } from "./Common.js"
import * as Render from "./Render.js"

/**
 * @category commands
 * @since 0.1.0
 */
export const reconcile = Command.make("reconcile", { json }, ({ json }) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const report = yield* deployer.reconcile.pipe(whenInterrupted("`deployers reconcile` can be repeated."))
    yield* print(json, Schema.encodeSync(ReconcileReport)(report), (hasColor) =>
      [
        `${report.observed} deployments were looked at, ${report.actions.length} actions were taken.`,
        ...(report.actions.length === 0
          ? []
          : [
              Render.table(
                hasColor,
                ["DEPLOYMENT", "ACTION", "DETAIL"],
                report.actions.map(({ action, deployment, detail }) => [deployment, action, detail])
              )
            ])
      ].join("\n")
    )
  })
).pipe(Command.withDescription("Finish or undo operations that died, and observe every deployment."))
