/**
 * The commands that change or look at where a deployment stands: `refresh`, `provision`, `rollback`, `deprovision` and
 * `revisions`.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployer } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import { count, deploymentName, json, leftOfChange, print, timeout, whenInterrupted } from "./Common.js"
import * as DeploymentView from "./DeploymentView.js"
import * as Json from "./Json.js"
import * as Progress from "./Progress.js"
import * as Render from "./Render.js"

export const refresh = Command.make("refresh", { name: deploymentName, json }, ({ json, name }) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    yield* show(json, yield* deployer.refresh(name))
  })
).pipe(Command.withDescription("Look how a deployment really is, and write it down."))

export const provision = Command.make(
  "provision",
  {
    name: deploymentName,
    snapshot: Options.text("snapshot").pipe(
      Options.withDescription("Serve this snapshot instead: an id, name@version, or a pipeline name."),
      Options.optional
    ),
    timeout: timeout("How long it may take, such as 30s or 2m; default 60s."),
    json
  },
  ({ json, name, snapshot, timeout }) =>
    Effect.gen(function* () {
      const deployer = yield* Deployer
      const deployment = yield* Progress.follow(
        name,
        deployer.reprovision(name, {
          ...(Option.isSome(snapshot) ? { snapshot: snapshot.value } : {}),
          ...(Option.isSome(timeout) ? { settings: { timeoutMillis: timeout.value } } : {})
        })
      ).pipe(whenInterrupted(leftOfChange(name)))
      yield* show(json, deployment)
    })
).pipe(Command.withDescription("Serve a deployment again with what it was last provisioned with."))

export const rollback = Command.make(
  "rollback",
  {
    name: deploymentName,
    to: count("to", 1, 1_000_000_000, "The generation to serve again; default: the one before the current."),
    json
  },
  ({ json, name, to }) =>
    Effect.gen(function* () {
      const deployer = yield* Deployer
      const deployment = yield* Progress.follow(name, deployer.rollback(name, { to: Option.getOrUndefined(to) })).pipe(
        whenInterrupted(leftOfChange(name))
      )
      yield* show(json, deployment)
    })
).pipe(Command.withDescription("Serve an earlier generation again, as a new one."))

export const deprovision = Command.make(
  "deprovision",
  { name: deploymentName, timeout: timeout("How long it may take, such as 30s or 2m; default 60s."), json },
  ({ json, name, timeout }) =>
    Effect.gen(function* () {
      const deployer = yield* Deployer
      const deployment = yield* Progress.follow(
        name,
        deployer.deprovision(name, { timeoutMillis: Option.getOrUndefined(timeout) })
      ).pipe(whenInterrupted(`\`deployers deprovision ${name}\` can be repeated.`))
      yield* show(json, deployment)
    })
).pipe(Command.withDescription("Stop a deployment and keep its record; `provision` brings it back."))

export const revisions = Command.make("revisions", { name: deploymentName, json }, ({ json, name }) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const found = yield* deployer.revisions(name)
    yield* print(json, { revisions: found.map(Json.revision) }, (hasColor) =>
      Render.table(
        hasColor,
        ["GENERATION", "STATUS", "SNAPSHOT", "CREATED", "BY", "REASON"],
        found.map((one) => [
          String(one.generation),
          one.outcome,
          one.snapshotId,
          Render.time(one.createdAt),
          one.by,
          one.reason ?? ""
        ])
      )
    )
  })
).pipe(Command.withDescription("List every generation that was tried, newest first."))

// internal

const show = (asJson: boolean, deployment: Deployment) =>
  print(asJson, Json.deployment(deployment), (hasColor) => DeploymentView.render(hasColor, deployment))
