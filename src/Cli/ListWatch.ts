/**
 * `deployers list --watch`: the list drawn again on a terminal, and elsewhere a line for each deployment that changed.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Deployer } from "../Deployer.js"
import type { Deployment, Status } from "../Deployment.js"
import * as Json from "./Json.js"
import { Output } from "./Output.js"
import * as Render from "./Render.js"

/** Shows deployments and how they change, until interrupted. */
export const watch = Effect.fnUntraced(function* (options: {
  readonly json: boolean
  readonly status: Status | undefined
  /** The list as a terminal shows it. */
  readonly draw: (hasColor: boolean, deployments: ReadonlyArray<Deployment>) => string
}) {
  const deployer = yield* Deployer
  const { hasColor, isInteractive, result } = yield* Output
  const lists = Stream.repeatEffectWithSchedule(
    deployer.list({ status: options.status }),
    Schedule.spaced("500 millis")
  ).pipe(Stream.changesWith((before, now) => toText(before) === toText(now)))
  if (isInteractive && !options.json) {
    return yield* Stream.runForEach(lists, (deployments) =>
      Effect.flatMap(DateTime.now, (now) =>
        result(`${clear}${Render.time(now)}, Ctrl-C ends.\n\n${options.draw(hasColor, deployments)}`)
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
        ...gone.map((one) => (options.json ? Render.jsonLine({ gone: one.name, id: one.id }) : `${one.name}  gone`)),
        ...changed.map((one) => (options.json ? Render.jsonLine(Json.deployment(one)) : line(hasColor, one)))
      ],
      result,
      { discard: true }
    )
  })
})

// internal

const clear = "\u001b[2J\u001b[H"

const toText = (deployments: ReadonlyArray<Deployment | undefined>): string =>
  JSON.stringify(deployments.map((one) => (one === undefined ? null : Json.deployment(one))))

const line = (hasColor: boolean, self: Deployment): string =>
  [
    Render.time(self.updatedAt),
    self.name,
    Render.paint(hasColor, Render.statusStyle(self.status), self.status),
    `generation ${self.generation}`,
    ...(self.url === undefined ? [] : [Render.clean(self.url)])
  ].join("  ")
