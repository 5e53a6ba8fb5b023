/** The sessions of runs: the one that a run belongs to, the states that it reads and writes, and the removal of old states. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { InvalidRequest } from "../../Contract/Errors.js"
import { SessionId, sessionIdProblem } from "../../Contract/Sessions.js"
import { SessionUnavailable } from "../../Errors/Sessions.js"
import type { StoreError } from "../../Errors/Stores.js"
import type * as Pipeline from "../../Pipeline.js"
import type { Sessions } from "../../Session.js"
import type { Serving } from "../../Settings/Serving.js"
import { RunStore } from "../../Store/RunStore.js"
import * as ValidationIssues from "./ValidationIssues.js"

/** The session of a run: what its caller names, else what the pipeline reads from the parameters. */
export type SessionOf = (named: string | undefined, parameters: unknown) => string | undefined | InvalidRequest

/** Makes the function for a pipeline. A run without a session costs a comparison. */
export const sessionOf = ({ session }: Pipeline.Any): SessionOf => {
  if (session === undefined) return (named) => (named === undefined ? undefined : checked(named, "Session-Id"))
  const ofParameters = session as (parameters: unknown) => string | undefined
  return (named, parameters) => {
    if (named !== undefined) return checked(named, "Session-Id")
    const id = ofParameters(parameters)
    return id === undefined ? undefined : checked(id, "parameters")
  }
}

/** The states of a service, for its runs. */
export const statesOf = (
  { sessions }: Context.Tag.Service<RunStore>,
  { recording }: Pick<Serving, "recording">
): Context.Tag.Service<Sessions> => {
  if (recording === "none") return unrecorded
  const failed = (name: string) => (error: StoreError) =>
    Effect.zipRight(
      Effect.logError("The states of sessions could not be used.", error),
      new SessionUnavailable({ name, reason: "the run store cannot be used now; try again in a moment" })
    )
  return {
    session: undefined,
    read: (session, name) =>
      Effect.catchAll(Effect.map(sessions.read(session, name), Option.getOrUndefined), failed(name)),
    write: (state) => Effect.catchAll(sessions.write(state), failed(state.name)),
    remove: (session, name) => Effect.catchAll(sessions.remove(session, name), failed(name))
  }
}

/** Removes states whose time is over, twice a minute while the scope lives. Nothing reads such a state meanwhile. */
export const keepExpiring: Effect.Effect<void, never, RunStore | Scope.Scope> = Effect.gen(function* () {
  const { sessions } = yield* RunStore
  const all = Effect.repeat(sessions.expire, {
    while: (removed) => removed > 0,
    schedule: Schedule.spaced("5 millis")
  })
  const pass = Effect.catchAll(all, (error) =>
    Effect.logWarning(`Old states of sessions could not be removed: ${error.message}`)
  )
  yield* Effect.forkScoped(Effect.schedule(pass, Schedule.spaced("30 seconds")))
})

// internal

const isSessionId = Schema.is(SessionId)

const checked = (id: string, path: string): string | InvalidRequest =>
  isSessionId(id)
    ? id
    : ValidationIssues.invalidRequest([
        ValidationIssues.make(
          [path],
          path === "Session-Id" ? sessionIdProblem : `name a session that ${sessionIdProblem}`
        )
      ])

const refused = (name: string) =>
  Effect.fail(
    new SessionUnavailable({ name, reason: 'the service records nothing; set `recording` to "durable" to keep states' })
  )

const unrecorded: Context.Tag.Service<Sessions> = {
  session: undefined,
  read: (_, name) => refused(name),
  write: ({ name }) => refused(name),
  remove: (_, name) => refused(name)
}
