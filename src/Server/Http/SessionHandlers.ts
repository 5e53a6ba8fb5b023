/** The endpoints of sessions, and the session that a request names. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Api from "../../Contract/Api.js"
import { SessionNotFound } from "../../Contract/Errors.js"
import type * as Pipeline from "../../Pipeline.js"
import { RunStore } from "../../Store/RunStore.js"
import * as RunRecorder from "../Run/Records/RunRecorder.js"

/** The contract of any pipeline. */
export type Contract = ReturnType<typeof Api.make<Pipeline.Any>>

/** The session that a request names, unchecked. Node joins repeated headers, and the result is not an id. */
export const sessionIn = (headers: { readonly [name: string]: unknown }): string | undefined => {
  const session = headers["session-id"]
  return session === undefined ? undefined : String(session)
}

/** Implements the endpoints over the run store. */
export const layer = (api: Contract) =>
  HttpApiBuilder.group(api, "sessions", (handlers) =>
    Effect.gen(function* () {
      const { sessions } = yield* RunStore
      return handlers
        .handle("list", ({ urlParams }) =>
          Effect.map(RunRecorder.orUnavailable(sessions.list(urlParams)), ({ nextCursor, sessions }) => ({
            sessions,
            ...(nextCursor === undefined ? {} : { nextCursor })
          }))
        )
        .handle("get", ({ path: { id } }) =>
          Effect.flatMap(
            RunRecorder.orUnavailable(sessions.find(id)),
            Option.match({ onNone: () => Effect.fail(notFound(id)), onSome: Effect.succeed })
          )
        )
        .handle("delete", ({ path: { id } }) =>
          Effect.flatMap(RunRecorder.orUnavailable(sessions.delete(id)), (existed) =>
            existed ? Effect.void : Effect.fail(notFound(id))
          )
        )
    })
  )

// internal

const notFound = (session: string) =>
  new SessionNotFound({ message: "This deployment has no session of that id.", session })
