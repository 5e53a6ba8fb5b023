/** `deployers events`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Deployer } from "../../Deployer.js"
import type { DeploymentEvent } from "../../Deployment/DeploymentEvent.js"
import { EventStore } from "../../Store/EventStore.js"
import { deploymentName, json, print } from "../Common.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"
import { Output } from "../Output.js"

export const events = Command.make(
  "events",
  {
    name: deploymentName,
    follow: Options.boolean("follow").pipe(
      Options.withAlias("f"),
      Options.withDescription("Show new events as they happen, until interrupted. With --json: one value per line.")
    ),
    json
  },
  Effect.fnUntraced(function* ({ follow, json, name }) {
    yield* requireEvents(name)
    if (follow) {
      const { hasColor, result } = yield* Output
      return yield* Stream.runForEach(followed(name), (event) =>
        result(json ? Render.jsonLine(Json.event(event)) : line(hasColor, event))
      )
    }
    const found = Chunk.toReadonlyArray(yield* Stream.runCollect(recorded(name)))
    yield* print(json, { events: found.map(Json.event) }, (hasColor, columns) =>
      Table.draw(hasColor, ["TIME", "OPERATION", "EVENT", "DETAILS"], found.map(cells), { columns, giveWay: [] })
    )
  })
).pipe(
  Command.withDescription(
    "Show the audit log of a name: every operation and its steps, also of a first deploy that failed."
  )
)

// internal

/** A first deploy that failed has events and no row. */
const requireEvents = (ref: string) =>
  Effect.flatMap(pageAfter(ref, 0), ({ length }) =>
    length > 0 ? Effect.void : Effect.flatMap(Deployer, (deployer) => deployer.get(ref))
  )

const pageAfter = (ref: string, after: number) => Effect.flatMap(EventStore, (store) => store.list({ ref, after }))

const lastOf = (page: ReadonlyArray<DeploymentEvent>) => Option.fromNullable(page.at(-1)?.sequence)

/** The store returns one page at a time. */
const recorded = (ref: string) =>
  Stream.paginateChunkEffect(0, (after) =>
    Effect.map(pageAfter(ref, after), (page) => [Chunk.fromIterable(page), lastOf(page)] as const)
  )

/** Another process may change the deployment, so this polls the store. */
const followed = (ref: string) =>
  Stream.unwrap(
    Effect.sync(() => {
      let after = 0
      const page = Effect.tap(
        Effect.suspend(() => pageAfter(ref, after)),
        (page) => {
          after = Option.getOrElse(lastOf(page), () => after)
        }
      )
      return Stream.flattenIterables(Stream.repeatEffectWithSchedule(page, Schedule.spaced("500 millis")))
    })
  )

const cells = (event: DeploymentEvent): ReadonlyArray<string> => [
  Render.time(event.at),
  event.operation,
  event.type,
  Object.keys(event.data).length === 0 ? "" : Render.jsonLine(event.data)
]

const line = (hasColor: boolean, event: DeploymentEvent): string => {
  const [time = "", operation = "", type = "", details = ""] = cells(event)
  const style = event.type === "operation_failed" ? "red" : event.type === "operation_finished" ? "green" : "cyan"
  const padded = Render.paint(hasColor, style, type.padEnd(details === "" ? 0 : 22))
  return `${Render.paint(hasColor, "dim", time)}  ${operation.padEnd(11)}  ${padded}  ${Render.clean(details)}`.trimEnd()
}
