/** `deployers list` and `deployers list --watch`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Deployer } from "../../Deployer.js"
import { type Deployment, Status } from "../../Deployment.js"
import { count, flag, json, note, print } from "../Common.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"
import { Output } from "../Output.js"

export const list = Command.make(
  "list",
  {
    status: Options.choice("status", Status.literals).pipe(
      Options.withDescription("Only deployments with this status."),
      Options.optional
    ),
    limit: count("limit", 1, 1_000_000, "The number of deployments to show; default 100, with --json all."),
    isAll: flag("all", "Show every deployment."),
    isWatching: flag("watch", "Show changes as they happen, until interrupted. With --json: one value per line."),
    json
  },
  Effect.fnUntraced(function* ({ isAll, isWatching, json, limit, status }) {
    const wanted = Option.getOrUndefined(status)
    const given = Option.getOrElse(limit, () => (json ? undefined : defaultLimit))
    const most = isAll ? undefined : given
    if (isWatching) return yield* watch(json, wanted, most)
    const { deployments, hasMore } = yield* firstOnes(wanted, most)
    yield* print(json, { deployments: deployments.map((one) => Json.deployment(one)) }, (hasColor, columns) =>
      draw(hasColor, columns, deployments)
    )
    if (hasMore) yield* note(`There are more than ${most} deployments; --limit N or --all shows more of them.`)
  })
).pipe(Command.withDescription("List deployments with their last observed status."))

// internal

const defaultLimit = 100

/** One deployment more than the limit shows that there are more. */
const firstOnes = (status: Status | undefined, limit: number | undefined) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const found = yield* deployer.list({ status, limit: limit === undefined ? undefined : limit + 1 })
    return { deployments: found.slice(0, limit), hasMore: limit !== undefined && found.length > limit }
  })

const draw = (hasColor: boolean, columns: number | undefined, deployments: ReadonlyArray<Deployment>): string =>
  deployments.length === 0
    ? "There are no deployments; `deployers deploy FILE --name NAME` creates one."
    : Table.draw(
        hasColor,
        ["NAME", "STATUS", "URL", "GEN", "SNAPSHOT", "DEPLOYER", "UPDATED"],
        deployments.map((one) => [
          one.name,
          DeploymentView.statusText(one),
          one.url ?? "-",
          String(one.generation),
          `${one.snapshot.pipelineName}@${one.snapshot.version}`,
          one.deployer.flavor,
          Render.time(one.updatedAt)
        ]),
        { columns, giveWay: ["UPDATED", "DEPLOYER", "SNAPSHOT", "GEN"] }
      )

/** Shows deployments until interrupted: on a terminal the list again, elsewhere a line for each change. */
const watch = Effect.fnUntraced(function* (asJson: boolean, status: Status | undefined, limit: number | undefined) {
  const deployer = yield* Deployer
  const { columns, hasColor, isInteractive, result } = yield* Output
  const lists = Stream.repeatEffectWithSchedule(deployer.list({ status, limit }), Schedule.spaced("500 millis")).pipe(
    Stream.changesWith((before, now) => toText(before) === toText(now))
  )
  if (isInteractive && !asJson) {
    return yield* Stream.runForEach(lists, (deployments) =>
      Effect.flatMap(DateTime.now, (now) =>
        result(`${clear}${Render.time(now)}, Ctrl-C ends.\n\n${draw(hasColor, columns, deployments)}`)
      )
    )
  }
  let before: ReadonlyMap<string, Deployment> = new Map()
  yield* Stream.runForEach(lists, (deployments) => {
    const now = new Map(deployments.map((one) => [one.id, one]))
    const gone = [...before.values()].filter(({ id }) => !now.has(id))
    const changed = deployments.filter((one) => toText([before.get(one.id)]) !== toText([one]))
    before = now
    return Effect.forEach(
      [
        ...gone.map((one) => (asJson ? Render.jsonLine({ gone: one.name, id: one.id }) : `${one.name}  gone`)),
        ...changed.map((one) => (asJson ? Render.jsonLine(Json.deployment(one)) : line(hasColor, one)))
      ],
      result,
      { discard: true }
    )
  })
})

const clear = "\u001b[2J\u001b[H"

const toText = (deployments: ReadonlyArray<Deployment | undefined>): string =>
  JSON.stringify(deployments.map((one) => (one === undefined ? null : Json.deployment(one))))

const line = (hasColor: boolean, self: Deployment): string =>
  [
    Render.time(self.updatedAt),
    self.name,
    Render.paint(hasColor, Render.statusStyle(self.status), DeploymentView.statusText(self)),
    `generation ${self.generation}`,
    ...(self.url === undefined ? [] : [Render.clean(self.url)])
  ].join("  ")
