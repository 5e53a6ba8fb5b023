/** Lifecycle events in a SQL database. */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { DeploymentEvent } from "../../Deployment/DeploymentEvent.js"
import * as Access from "../Database/Access.js"
import { decodeTo, Integer, JsonObject, single, Time } from "../Database/Columns.js"
import { EventStore } from "../EventStore.js"

const defaultLimit = 1_000
const { operation, type } = DeploymentEvent.fields

const Row = Schema.Struct({
  sequence: Integer,
  deployment_id: Schema.String,
  deployment_name: Schema.String,
  operation_id: Schema.String,
  operation,
  type,
  at: Time,
  data: JsonObject
})

const decode = decodeTo(
  Row,
  ({ deployment_id, deployment_name, operation_id, ...row }): DeploymentEvent => ({
    ...row,
    deploymentId: deployment_id,
    deploymentName: deployment_name,
    operationId: operation_id
  })
)

const columns = (event: Omit<DeploymentEvent, "sequence">) => ({
  deployment_id: event.deploymentId,
  deployment_name: event.deploymentName,
  operation_id: event.operationId,
  operation: event.operation,
  type: event.type,
  at: DateTime.toEpochMillis(event.at),
  data: JSON.stringify(event.data)
})

/**
 * The store of events in a database that has the tables of `RegistrySchema`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<EventStore["Type"], never, SqlClient.SqlClient> = Effect.map(
  Access.make("registry"),
  ({ read, sql, write }) => ({
    append: (event) =>
      write(
        "events.append",
        sql`INSERT INTO events ${sql.insert(columns(event)).returning("*")}`.pipe(
          Effect.flatMap(decode),
          Effect.flatMap(single)
        )
      ),
    list: (options) => {
      const conditions = [
        sql`sequence > ${options?.after ?? 0}`,
        ...(options?.deploymentId === undefined ? [] : [sql`deployment_id = ${options.deploymentId}`]),
        ...(options?.ref === undefined
          ? []
          : [sql`(deployment_id = ${options.ref} OR deployment_name = ${options.ref})`])
      ]
      return read(
        "events.list",
        Effect.flatMap(
          sql`SELECT * FROM events WHERE ${sql.and(conditions)}
            ORDER BY sequence LIMIT ${Math.max(options?.limit ?? defaultLimit, 0)}`,
          decode
        )
      )
    }
  })
)

/**
 * See {@link make}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<EventStore, never, SqlClient.SqlClient> = Layer.effect(EventStore, make)
