/** `deployers logs`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Deployer } from "../../Deployer.js"
import type { LogLine } from "../../Deployment.js"
import { count, deploymentName, json, parseMoment, text } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as LogText from "../Output/LogText.js"
import * as Render from "../Output/Render.js"
import { Output } from "../Output.js"

export const logs = Command.make(
  "logs",
  {
    name: deploymentName,
    follow: Options.boolean("follow").pipe(
      Options.withAlias("f"),
      Options.withDescription("Show new lines as they are written. With --json: one value per line.")
    ),
    tail: count("tail", 0, 1_000_000_000, "Only the last n lines."),
    since: text("since", "Only lines since an ISO time, or since a duration ago, such as 10m.", "time"),
    json
  },
  Effect.fnUntraced(function* ({ follow, json, name, since, tail }) {
    const deployer = yield* Deployer
    const output = yield* Output
    const lines = deployer.logs(name, {
      follow,
      tail: Option.getOrUndefined(tail),
      since: Option.isSome(since) ? yield* moment(since.value) : undefined
    })
    if (json && !follow) {
      const all = yield* Stream.runCollect(lines)
      return yield* output.result(Render.json({ lines: Chunk.toReadonlyArray(all).map(encode) }))
    }
    yield* Stream.runForEach(lines, (line) => output.result(json ? Render.jsonLine(encode(line)) : shown(output, line)))
  })
).pipe(Command.withDescription("Show the log of a deployment."))

// internal

/** A terminal shows lines for people; a pipe gets them as the service wrote them. */
const shown = ({ hasColor, isInteractive }: Context.Tag.Service<Output>, { text }: LogLine): string =>
  isInteractive ? LogText.line(hasColor, text) : Render.clean(text)

const moment = (text: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.mapError(
      parseMoment(text, now),
      () =>
        new UsageError({
          message: `"${text}" is not a time.`,
          hint: "Give --since an ISO time such as 2025-01-31T12:00:00Z, or a duration such as 10m."
        })
    )
  )

const encode = ({ at, text }: LogLine) => ({
  ...(at === undefined ? {} : { at: DateTime.formatIso(at) }),
  text
})
