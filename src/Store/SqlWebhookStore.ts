/** Deliveries of webhooks in the tables of a run store. */
import type * as Statement from "@effect/sql/Statement"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DeliveryState, type WebhookDelivery } from "../Contract/Webhooks.js"
import { decodeTo, Integer, OptionalText, OptionalTime, present, Time } from "./Columns.js"
import { forUpdate } from "./Dialect.js"
import type { RunAccess } from "./RunTables.js"
import type { DeliveryClaim, DeliveryResult, WebhookStore } from "./WebhookStore.js"

/** Makes the part of a run store that keeps deliveries of webhooks. */
export const make = (access: RunAccess): WebhookStore => ({ ...claims(access), ...records(access) })

// internal

const claims = (access: RunAccess): Pick<WebhookStore, "claim" | "settle"> => {
  const { from, into, mine, now, read, sql, write } = access
  return {
    claim: ({ leaseMillis, limit }) =>
      Effect.gen(function* () {
        const at = yield* now
        const due = sql`state = 'pending' AND due_at <= ${at}
        AND run_id IN (SELECT id FROM ${from("runs")} WHERE id = run_id AND status NOT IN ('queued', 'running'))`
        const some = sql`SELECT id FROM ${from("webhook_deliveries")} WHERE ${due} ORDER BY due_at LIMIT ${limit}`
        // Most looks find nothing, and a look without a write costs other processes nothing.
        if ((yield* read("webhooks.claim", some)).length === 0) return []
        return yield* write(
          "webhooks.claim",
          Effect.flatMap(
            sql`UPDATE ${into("webhook_deliveries")}
            SET due_at = ${at + leaseMillis}, attempts = attempts + 1, token = token + 1, attempted_at = ${at}
            WHERE ${mine} AND id IN (SELECT id FROM (${some} ${forUpdate(sql)}) AS due)
            RETURNING id, run_id, webhook, url, attempts, token`,
            decodeClaims
          )
        )
      }),
    settle: (claim, result) => write("webhooks.settle", Effect.asVoid(settled(access, claim, result)))
  }
}

const settled = ({ into, mine, sql }: RunAccess, { id, token }: DeliveryClaim, result: DeliveryResult) => {
  const own = sql`${mine} AND id = ${id} AND token = ${token} AND state = 'pending'`
  switch (result._tag) {
    case "unwanted":
      return sql`DELETE FROM ${into("webhook_deliveries")} WHERE ${own}`
    case "delivered":
      return sql`UPDATE ${into("webhook_deliveries")} SET state = 'delivered', status = ${result.status}, reason = NULL
        WHERE ${own}`
    case "failed":
      return sql`UPDATE ${into("webhook_deliveries")}
        SET state = 'failed', status = ${result.status ?? null}, reason = ${result.reason} WHERE ${own}`
    case "again":
      return sql`UPDATE ${into("webhook_deliveries")}
        SET due_at = ${Math.trunc(result.dueAt)}, status = ${result.status ?? null}, reason = ${result.reason}
        WHERE ${own}`
  }
}

const records = ({ from, into, mine, now, read, sql, write }: RunAccess): Pick<WebhookStore, "list" | "retry"> => ({
  list: ({ cursor, limit, runId, state }) => {
    const where: ReadonlyArray<Statement.Fragment> = [
      ...(state === undefined ? [] : [sql`state = ${state}`]),
      ...(runId === undefined ? [] : [sql`run_id = ${runId}`]),
      ...(cursor === undefined ? [] : [sql`id < ${cursor}`])
    ]
    return Effect.map(
      read(
        "webhooks.list",
        Effect.flatMap(
          sql`SELECT * FROM ${from("webhook_deliveries")} WHERE ${sql.and(where)} ORDER BY id DESC LIMIT ${limit + 1}`,
          decodeDeliveries
        )
      ),
      (found) => {
        const deliveries = found.slice(0, limit)
        return { deliveries, nextCursor: found.length > limit ? deliveries.at(-1)?.id : undefined }
      }
    )
  },
  retry: (id) =>
    write(
      "webhooks.retry",
      Effect.gen(function* () {
        const at = yield* now
        // The token stops the result of an attempt that is in progress.
        const rows = yield* sql`UPDATE ${into("webhook_deliveries")}
          SET state = 'pending', attempts = 0, token = token + 1, due_at = ${at}, status = NULL, reason = NULL
          WHERE ${mine} AND id = ${id} RETURNING *`
        const [found] = yield* decodeDeliveries(rows)
        return Option.fromNullable(found)
      })
    )
})

const decodeClaims = decodeTo(
  Schema.Struct({
    id: Schema.String,
    run_id: Schema.String,
    webhook: Schema.String,
    url: OptionalText,
    attempts: Integer,
    token: Integer
  }),
  ({ attempts, id, run_id, token, url, webhook }): DeliveryClaim => ({
    id,
    runId: run_id,
    webhook,
    url: Option.getOrUndefined(url),
    attempt: attempts,
    token
  })
)

const decodeDeliveries = decodeTo(
  Schema.Struct({
    id: Schema.String,
    run_id: Schema.String,
    webhook: Schema.String,
    state: DeliveryState,
    attempts: Integer,
    due_at: Time,
    status: Schema.OptionFromNullOr(Integer),
    reason: OptionalText,
    attempted_at: OptionalTime
  }),
  ({ attempted_at, attempts, due_at, id, reason, run_id, state, status, webhook }): WebhookDelivery => ({
    id,
    runId: run_id,
    webhook,
    state,
    attempts,
    ...(state === "pending" && DateTime.toEpochMillis(due_at) > 0 ? { nextAt: due_at } : {}),
    ...present({ status, reason, attemptedAt: attempted_at })
  })
)
