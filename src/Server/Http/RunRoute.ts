/** The record of one run, straight from Node's request to Node's response. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { Serving } from "../../Settings/Serving.js"
import { Ids } from "../../Store/Ids.js"
import * as RunFailures from "../Run/Execution/RunFailures.js"
import * as RunOutcome from "../Run/Execution/RunOutcome.js"
import { RunQueries } from "../Run/Records/RunQueries.js"
import * as RunText from "../Run/Records/RunText.js"
import * as Response from "../Run/Response.js"
import * as AnswerWriter from "./AnswerWriter.js"
import type * as HttpServer from "./HttpServer.js"

/**
 * Makes the handler of `GET /runs/{id}`. A record may have many megabytes: the platform would make the bytes of all of it at
 * once, and hold up the requests behind it. Anything but the id of a run is left to the platform.
 */
export const make = (
  serving: Serving,
  platform: HttpServer.Handler
): Effect.Effect<HttpServer.Handler, never, Ids | RunQueries> =>
  Effect.gen(function* () {
    const queries = yield* RunQueries
    const ids = yield* Ids
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const send = serving.compression ? AnswerWriter.sendCompressed : AnswerWriter.send
    return (request, response, caller) => {
      const id = idIn(request.url)
      if (id === undefined) return platform(request, response, caller)
      const reading = runFork(
        Effect.map(answerOf(queries, ids, id), (answer) => {
          if (!response.destroyed) send(request, response, answer)
        })
      )
      response.once("close", () => reading.unsafeInterruptAsFork(FiberId.none))
    }
  })

// internal

/** A caller of a read that dies gets an answer, too: nothing else is behind this route. */
const answerOf = (
  queries: typeof RunQueries.Service,
  ids: typeof Ids.Service,
  id: string
): Effect.Effect<Response.Response> =>
  RunText.read(queries, id).pipe(
    Effect.match({ onFailure: Response.ofError, onSuccess: (text) => Response.ofJson(200, text) }),
    Effect.catchAllDefect((defect) =>
      Effect.map(RunOutcome.internalError(ids, RunFailures.render(Cause.die(defect)), id), Response.ofError)
    )
  )

const idIn = (url: string | undefined): string | undefined => /\/([0-9a-f-]{36})(?:\?|$)/.exec(url ?? "")?.[1]
