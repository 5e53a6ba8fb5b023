/** Deliveries of webhooks in the tables of a run store. */
import type * as Statement from "@effect/sql/Statement"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DeliveryState, type WebhookDelivery } from "../../Contract/Webhooks.js"
import { decodeTo, Integer, OptionalText, OptionalTime, present, Time } from "../Database/Columns.js"
import type { DeliveryClaim, DeliveryResult, WebhookStore } from "../WebhookStore.js"
import type { RunAccess } from "./RunTables.js"
import * as Targets from "./WebhookTargets.js"

/** Makes the part of a run store that keeps deliveries of webhooks. */
export const make = (access: RunAccess): WebhookStore => ({ ...claims(access), ...records(access) })

// internal

const claims = (access: RunAccess): Pick<WebhookStore, "claim" | "settle"> => {
  const { into, mine, now, read, sql, write } = access
  return {
    claim: ({ held, leaseMillis, limit, perTarget }) =>
      Effect.gen(function* () {
        const at = yield* now
        const busy = Targets.countsOf(held)
        const due = dueAt(access, at)
        // Most looks find nothing, and a look without a write costs other processes nothing.
        const found = yield* read("webhooks.claim", oldest(access, due, limit, Targets.fullOf(busy, perTarget)))
        const ids = Targets.fairly(found, busy, { limit, perTarget })
        if (ids.length === 0) return []
        return yield* write(
          "webhooks.claim",
          Effect.flatMap(
            sql`UPDATE ${into("webhook_deliveries")}
            SET due_at = ${at + leaseMillis}, attempts = attempts + 1, token = token + 1, attempted_at = ${at}
            WHERE ${mine} AND ${sql.in("id", ids)} AND ${due}
            RETURNING id, run_id, webhook, url, attempts, token`,
            decodeClaims
          )
        )
      }),
    settle: (claim, result) => write("webhooks.settle", Effect.asVoid(settled(access, claim, result)))
  }
}

const dueAt = ({ from, sql }: RunAccess, at: number) =>
  sql`state = 'pending' AND due_at <= ${at}
    AND run_id IN (SELECT id FROM ${from("runs")} WHERE id = run_id AND status NOT IN ('queued', 'running'))`

/**
 * The oldest deliveries of each webhook that has any. The backlog of a target that has its share is not read: of a webhook it is
 * left out, of an origin it is passed over in the index.
 */
const oldest = (access: RunAccess, due: Statement.Fragment, limit: number, full: ReadonlySet<string>) =>
  Effect.gen(function* () {
    const { from, sql } = access
    const webhooks = yield* Effect.flatMap(pendingWebhooks(access), decodeWebhooks)
    const origins = Array.from(full, (target) => sql`substr(url, 1, ${target.length}) <> ${target}`)
    const others = origins.length === 0 ? sql.literal("") : sql`AND (url IS NULL OR ${sql.and(origins)})`
    const each = yield* Effect.forEach(
      webhooks.filter((webhook) => !full.has(webhook)),
      (webhook) =>
        Effect.flatMap(
          sql`SELECT id, webhook, url, due_at FROM ${from("webhook_deliveries")}
            WHERE webhook = ${webhook} ${others} AND ${due} ORDER BY due_at LIMIT ${limit}`,
          decodeDue
        )
    )
    return each.flat()
  })

/** Steps from webhook to webhook in the index, however many deliveries each of them has. */
const pendingWebhooks = ({ from, sql }: RunAccess) =>
  sql`WITH RECURSIVE pending (name) AS (
      SELECT MIN(webhook) FROM ${from("webhook_deliveries")} WHERE state = 'pending'
      UNION ALL
      SELECT (SELECT MIN(webhook) FROM ${from("webhook_deliveries")} WHERE state = 'pending' AND webhook > pending.name)
      FROM pending WHERE pending.name IS NOT NULL
    ) SELECT name FROM pending WHERE name IS NOT NULL`

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

const decodeWebhooks = decodeTo(Schema.Struct({ name: Schema.String }), ({ name }) => name)

const decodeDue = decodeTo(
  Schema.Struct({ id: Schema.String, webhook: Schema.String, url: OptionalText, due_at: Integer }),
  ({ due_at, id, url, webhook }): Targets.Due => ({ id, webhook, url: Option.getOrUndefined(url), dueAt: due_at })
)

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
