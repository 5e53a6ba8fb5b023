/** The commands on the lifecycle of a deployment: `refresh`, `provision`, `rollback`, `deprovision` and `revisions`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployer } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import {
  afterChange,
  afterRepeatable,
  allowOtherPipeline,
  count,
  deploymentName,
  flag,
  json,
  operationTimeout,
  print,
  text,
  whenInterrupted
} from "../Common.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Json from "../Output/Json.js"
import * as Progress from "../Output/Progress.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

export const refresh = Command.make(
  "refresh",
  { name: deploymentName, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const deployer = yield* Deployer
    yield* DeploymentView.print(json, yield* deployer.refresh(name))
  })
).pipe(Command.withDescription("Read the actual status of a deployment and record it."))

export const provision = Command.make(
  "provision",
  {
    name: deploymentName,
    snapshot: text("snapshot", "Serve this snapshot: an id, name@version, or a pipeline name."),
    allowOtherPipeline,
    timeout: operationTimeout,
    noCheck: flag("no-check", "Serve the snapshot without a run of the pipeline's check."),
    json
  },
  Effect.fnUntraced(function* ({ allowOtherPipeline, json, name, noCheck, snapshot, timeout }) {
    const deployer = yield* Deployer
    const change = deployer.reprovision(name, {
      allowOtherPipeline,
      check: !noCheck,
      ...(Option.isSome(snapshot) ? { snapshot: snapshot.value } : {}),
      ...(Option.isSome(timeout) ? { settings: { timeoutMillis: timeout.value } } : {})
    })
    yield* served(json, name, change)
  })
).pipe(Command.withDescription("Serve a deployment again, with its last snapshot and settings."))

export const rollback = Command.make(
  "rollback",
  {
    name: deploymentName,
    to: count("to", 1, 1_000_000_000, "The generation to serve again; default: the one before the current."),
    json
  },
  Effect.fnUntraced(function* ({ json, name, to }) {
    const deployer = yield* Deployer
    const change = deployer.rollback(name, { to: Option.getOrUndefined(to) })
    yield* served(json, name, change)
  })
).pipe(Command.withDescription("Serve an earlier generation again, as a new generation."))

export const deprovision = Command.make(
  "deprovision",
  { name: deploymentName, timeout: operationTimeout, json },
  Effect.fnUntraced(function* ({ json, name, timeout }) {
    const deployer = yield* Deployer
    const stop = deployer.deprovision(name, { timeoutMillis: Option.getOrUndefined(timeout) })
    const remark = afterRepeatable(`deprovision ${name}`)
    yield* DeploymentView.print(json, yield* Progress.follow(name, stop).pipe(whenInterrupted(remark)))
  })
).pipe(Command.withDescription("Stop a deployment and keep its record; `provision` starts it again."))

/** Follows a change and prints the deployment, with its key if the change made a new one. */
const served = <E, R>(asJson: boolean, name: string, change: Effect.Effect<Deployment, E, R>) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const before = yield* deployer.authKeys(name)
    const deployment = yield* Progress.follow(name, change).pipe(whenInterrupted(afterChange(name)))
    const own = (yield* deployer.authKeys(deployment.id)).find(({ isOwn }) => isOwn)
    const isNew = own?.origin === "generated" && before.every(({ id }) => id !== own.id)
    const authKey = isNew ? yield* deployer.authKey(deployment.id) : undefined
    yield* print(asJson, Json.deployment(deployment, authKey), (hasColor) =>
      [
        DeploymentView.render(hasColor, deployment, { authKey }),
        ...(authKey === undefined ? [] : [DeploymentView.keyRemark])
      ].join("\n")
    )
  })

export const revisions = Command.make(
  "revisions",
  { name: deploymentName, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const deployer = yield* Deployer
    const found = yield* deployer.revisions(name)
    yield* print(json, { revisions: found.map(Json.revision) }, (hasColor, columns) =>
      Table.draw(
        hasColor,
        ["GENERATION", "STATUS", "SNAPSHOT", "CREATED", "BY", "REASON"],
        found.map((one) => [
          String(one.generation),
          one.outcome,
          one.snapshotId,
          Render.time(one.createdAt),
          one.by,
          one.reason ?? ""
        ]),
        { columns, giveWay: ["BY", "SNAPSHOT"] }
      )
    )
  })
).pipe(Command.withDescription("List the generations of a deployment, failed ones included, newest first."))
