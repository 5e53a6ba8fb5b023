/** The commands that a client sends over the WebSocket of a run. Each one has the rights and the errors of its request over HTTP. */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import type { Forbidden, Unauthorized } from "../../../Contract/Errors.js"
import * as RunSocket from "../../../Contract/RunSocket.js"
import * as RunCommands from "../../Run/Durable/RunCommands.js"
import type { RunSignals } from "../../Run/Durable/RunSignals.js"
import type { RunQueries } from "../../Run/Records/RunQueries.js"
import * as Response from "../../Run/Response.js"
import * as SafeJson from "../../Run/SafeJson.js"
import type { Service } from "../../Run/Service.js"
import * as ValidationIssues from "../../Run/ValidationIssues.js"

/** The services that commands use. */
export type Requirements = RunQueries | RunSignals | Service

/** Does what a message asks for, and returns the reply as JSON. */
export type Act = (bytes: Uint8Array) => Effect.Effect<string, never, Requirements>

/** Makes the commands to one run. `refusal` is why the client may send none at this moment, if it may not. */
export const make =
  (options: {
    readonly runId: string
    readonly maxJsonDepth: number
    readonly refusal: () => Unauthorized | Forbidden | undefined
  }): Act =>
  (bytes) =>
    Effect.matchEffect(parse(bytes, options.maxJsonDepth), {
      onFailure: (error) => Effect.succeed(replyOf({ refused: Response.encodeError(error) })),
      onSuccess: (command) => {
        const ref = command.ref === undefined ? {} : { ref: command.ref }
        const refusal = options.refusal()
        const permitted = refusal === undefined ? Effect.void : Effect.fail(refusal)
        return Effect.match(Effect.zipRight(permitted, perform(options.runId, command)), {
          onFailure: (error) => replyOf({ ...ref, refused: Response.encodeError(error) }),
          onSuccess: (accepted) => replyOf({ ...ref, accepted })
        })
      }
    })

// internal

const replyOf = (reply: RunSocket.Reply): string => JSON.stringify(reply)

const decode = ParseResult.decodeUnknown(RunSocket.Command, { errors: "all", onExcessProperty: "error" })

const parse = (bytes: Uint8Array, maxDepth: number) =>
  Effect.flatMap(SafeJson.parse(bytes, maxDepth), ({ value }) =>
    Effect.mapError(decode(value), (issue) => ValidationIssues.invalidRequest(ValidationIssues.fromParseIssue(issue)))
  )

const perform = (runId: string, { body = null, signal }: RunSocket.Command) =>
  signal === undefined
    ? Effect.as(RunCommands.cancel(runId), "cancel" as const)
    : Effect.as(RunCommands.signal(runId, signal, body), "signal" as const)
