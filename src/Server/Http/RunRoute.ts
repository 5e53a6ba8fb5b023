/** The record of one run, straight from Node's request to Node's response. */
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { Serving } from "../../Settings/Serving.js"
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
): Effect.Effect<HttpServer.Handler, never, RunQueries> =>
  Effect.gen(function* () {
    const queries = yield* RunQueries
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const send = serving.compression ? AnswerWriter.sendCompressed : AnswerWriter.send
    return (request, response, caller) => {
      const id = idIn(request.url)
      if (id === undefined) return platform(request, response, caller)
      const reading = runFork(
        Effect.map(answerOf(queries, id), (answer) => {
          if (!response.destroyed) send(request, response, answer)
        })
      )
      response.once("close", () => reading.unsafeInterruptAsFork(FiberId.none))
    }
  })

// internal

const answerOf = (queries: typeof RunQueries.Service, id: string): Effect.Effect<Response.Response> =>
  Effect.match(RunText.read(queries, id), {
    onFailure: Response.ofError,
    onSuccess: (text) => Response.ofJson(200, text)
  })

const idIn = (url: string | undefined): string | undefined => /\/([0-9a-f-]{36})(?:\?|$)/.exec(url ?? "")?.[1]
