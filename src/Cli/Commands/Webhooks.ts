/** `deployers webhooks` and `deployers webhook retry`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../../Client.js"
import { count, deploymentName, json, note, print, text } from "../Common.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

export const webhooks = Command.make(
  "webhooks",
  {
    name: deploymentName,
    state: Options.choice("state", ["pending", "delivered", "failed"]).pipe(
      Options.optional,
      Options.withDescription("Only deliveries of this state.")
    ),
    run: text("run", "Only deliveries of this run."),
    limit: count("limit", 1, 100, "Number of deliveries; default 20."),
    cursor: text("cursor", "The cursor at the end of the previous page."),
    json
  },
  Effect.fnUntraced(function* ({ cursor, json, limit, name, run, state }) {
    const page = yield* Client.webhooks(name, {
      state: Option.getOrUndefined(state),
      runId: Option.getOrUndefined(run),
      limit: Option.getOrElse(limit, () => 20),
      cursor: Option.getOrUndefined(cursor)
    })
    yield* print(json, Json.webhookPage(page), (hasColor, columns) => render(hasColor, columns, page))
  })
).pipe(Command.withDescription("List the webhooks of a deployment, and their deliveries."))

const retry = Command.make(
  "retry",
  {
    name: deploymentName,
    id: Args.text({ name: "id" }).pipe(Args.withDescription("Id of the delivery.")),
    json
  },
  Effect.fnUntraced(function* ({ id, json, name }) {
    const delivery = yield* Client.retryWebhook(name, id)
    yield* print(json, Json.webhookDelivery(delivery), () => Render.clean(delivery.id))
    if (!json) yield* note(`\`deployers webhooks ${Render.clean(name)} --run ${delivery.runId}\` shows its attempts.`)
  })
).pipe(Command.withDescription("Send a delivery again, with all its attempts."))

/** The group of commands that change one delivery. */
export const webhookCommands = Command.make("webhook").pipe(
  Command.withDescription("Send one delivery of a webhook again."),
  Command.withSubcommands([retry])
)

// internal

const render = (
  hasColor: boolean,
  columns: number | undefined,
  { deliveries, nextCursor, webhooks }: Client.WebhookPage
): string =>
  [
    webhooks.length === 0
      ? "The service has no webhooks of its own."
      : Table.draw(
          hasColor,
          ["WEBHOOK", "URL", "ON"],
          webhooks.map(({ name, on, url }) => [name, url, on.join(", ")])
        ),
    "",
    deliveries.length === 0
      ? "There are no deliveries."
      : Table.draw(
          hasColor,
          ["DELIVERY", "WEBHOOK", "STATE", "ATTEMPTS", "STATUS", "NEXT", "REASON"],
          deliveries.map(({ attempts, id, nextAt, reason, state, status, webhook }) => [
            id,
            webhook,
            state,
            String(attempts),
            status === undefined ? "-" : String(status),
            nextAt === undefined ? "-" : Render.time(nextAt),
            reason ?? "-"
          ]),
          { columns, giveWay: ["ATTEMPTS", "NEXT", "STATUS"] }
        ),
    ...(nextCursor === undefined ? [] : [`More: --cursor ${Render.clean(nextCursor)}`])
  ].join("\n")
