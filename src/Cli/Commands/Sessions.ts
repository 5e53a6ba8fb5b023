/** `deployers sessions` and `deployers session describe|delete`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../../Client.js"
import { count, deploymentName, json, print, text } from "../Common.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

export const sessions = Command.make(
  "sessions",
  {
    name: deploymentName,
    limit: count("limit", 1, 100, "Number of sessions; default 20."),
    cursor: text("cursor", "The cursor at the end of the previous page."),
    json
  },
  Effect.fnUntraced(function* ({ cursor, json, limit, name }) {
    const page = yield* Client.sessions(name, {
      limit: Option.getOrElse(limit, () => 20),
      cursor: Option.getOrUndefined(cursor)
    })
    const { nextCursor } = page
    const value = {
      sessions: page.sessions.map(Json.sessionSummary),
      ...(nextCursor === undefined ? {} : { nextCursor })
    }
    yield* print(json, value, (hasColor) => renderPage(hasColor, page))
  })
).pipe(Command.withDescription("List the sessions of a deployment."))

const id = Args.text({ name: "id" }).pipe(Args.withDescription("Id of the session."))

const describe = Command.make(
  "describe",
  { name: deploymentName, id, json },
  Effect.fnUntraced(function* ({ id, json, name }) {
    const session = yield* Client.session(name, id)
    yield* print(json, Json.session(session), (hasColor) => render(hasColor, session))
  })
).pipe(Command.withDescription("Show a session with its states."))

const remove = Command.make(
  "delete",
  { name: deploymentName, id, json },
  Effect.fnUntraced(function* ({ id, json, name }) {
    yield* Client.deleteSession(name, id)
    yield* print(json, { deleted: id }, () => `Deleted the session ${Render.clean(id)}; its runs stay on record.`)
  })
).pipe(Command.withDescription("Remove a session with its states; its runs stay on record."))

export const session = Command.make("session").pipe(
  Command.withDescription("Show one session, or remove it."),
  Command.withSubcommands([describe, remove])
)

// internal

const renderPage = (hasColor: boolean, page: Client.SessionPage): string =>
  page.sessions.length === 0
    ? "There are no sessions."
    : [
        Table.draw(
          hasColor,
          ["ID", "STATES", "BYTES", "UPDATED", "EXPIRES"],
          page.sessions.map((one) => [
            one.id,
            one.states.join(", "),
            String(one.bytes),
            Render.time(one.updatedAt),
            ends(one.expiresAt)
          ])
        ),
        ...(page.nextCursor === undefined ? [] : [`More: --cursor ${Render.clean(page.nextCursor)}`])
      ].join("\n")

const render = (hasColor: boolean, { id, states }: Client.SessionRecord): string =>
  [
    Render.fields(hasColor, [["id", id]]),
    "",
    Table.draw(
      hasColor,
      ["STATE", "VERSION", "UPDATED", "EXPIRES", "VALUE"],
      states.map((state) => [
        state.name,
        String(state.version),
        Render.time(state.updatedAt),
        ends(state.expiresAt),
        Render.jsonLine(state.value)
      ])
    )
  ].join("\n")

const ends = (at: DateTime.Utc | undefined): string => (at === undefined ? "never" : Render.time(at))
