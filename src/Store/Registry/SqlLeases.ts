/**
 * Leases in a SQL database. A lease is a row while it is held; its key is the fencing token, which the database never
 * gives out twice, not even after the row is gone.
 */
import type { SqlError } from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DeploymentBusy, LeaseLost } from "../../Errors/Lifecycle.js"
import type { Access } from "../Database/Access.js"
import { decodeRows, Integer, Time } from "../Database/Columns.js"
import { forUpdate } from "../Database/Dialect.js"
import type { DeploymentStore, Lease } from "../DeploymentStore.js"

type Store = DeploymentStore["Type"]

const decodeHeld = decodeRows(Schema.Struct({ holder: Schema.String, expires_at: Time }))
const decodeTokens = decodeRows(Schema.Struct({ token: Integer }))

const expiry = ({ leaseTime, sql }: Access, ttl: Duration.DurationInput): Effect.Effect<Statement.Fragment> =>
  Effect.map(leaseTime, (at) => sql`${at} + ${Math.ceil(Duration.toMillis(ttl))}`)

type Fence = Effect.Effect<void, LeaseLost | SqlError>

const lost = (lease: Lease) => new LeaseLost({ deploymentId: lease.deploymentId })

/** Fails when a statement changed or found no row of the lease. */
const orLost = (lease: Lease, rows: Effect.Effect<ReadonlyArray<unknown>, SqlError>): Fence =>
  Effect.asVoid(
    Effect.filterOrFail(
      rows,
      (found) => found.length > 0,
      () => lost(lease)
    )
  )

const rowOf = ({ sql }: Access, lease: Lease): Statement.Fragment =>
  sql`token = ${lease.token} AND deployment_id = ${lease.deploymentId} AND holder = ${lease.holder}`

/**
 * Runs statements as one transaction that counts only under a lease which no later one replaced. `effect` starts under the
 * lease, and the transaction commits only if the lease is still there: `fence` locks its row until then, so a takeover
 * comes before, and the transaction fails, or after it. Both checks matter where transactions run at the same time; a
 * transaction of SQLite is alone from its start. `made` finds a change whose commit was not confirmed; without it the change may
 * be made twice.
 */
export const guarded =
  (access: Access, fence: (lease: Lease) => Fence = held(access)) =>
  <A, E>(
    operation: string,
    lease: Lease,
    effect: Effect.Effect<A, E | SqlError | ParseResult.ParseError>,
    made: Made<A, E> = Effect.succeedNone
  ) => {
    const { sql } = access
    const once = Effect.zipRight(
      orLost(lease, sql`SELECT 1 FROM leases WHERE ${rowOf(access, lease)}`),
      Effect.zipLeft(effect, fence(lease))
    )
    // The lock waits for the transaction whose outcome is unknown, which may be in progress on the server.
    const locked = sql`SELECT 1 FROM leases WHERE ${rowOf(access, lease)} ${forUpdate(sql)}`
    const found = Effect.zipRight(locked, made)
    const again = Effect.flatMap(found, Option.match({ onNone: () => once, onSome: Effect.succeed }))
    return access.writeOnce(operation, once, again)
  }

/** The result of a change that was made already, for a caller whose connection broke at the commit. */
export type Made<A, E = never> = Effect.Effect<Option.Option<A>, E | SqlError | ParseResult.ParseError>

/** Locks the row of the lease where other transactions run at the same time. */
const held =
  (access: Access) =>
  (lease: Lease): Fence =>
    access.sql.onDialectOrElse({
      sqlite: () => Effect.void,
      orElse: () =>
        orLost(lease, access.sql`SELECT 1 FROM leases WHERE ${rowOf(access, lease)} ${forUpdate(access.sql)}`)
    })

/** Ends a lease within the transaction that it guards. */
export const given =
  (access: Access) =>
  (lease: Lease): Fence =>
    orLost(lease, access.sql`DELETE FROM leases WHERE ${rowOf(access, lease)} RETURNING token`)

/**
 * A lease that expired, that is the holder's own or that is taken over makes room; the unique row of a deployment then
 * decides between those who ask at the same time.
 */
const makeAcquire =
  (access: Access): Store["acquire"] =>
  (deploymentId, { holder, name, takeOverFrom, ttl }) => {
    const { sql, writeOnce } = access
    const attempt: Effect.Effect<Lease, DeploymentBusy | SqlError | ParseResult.ParseError> = Effect.gen(function* () {
      const at = yield* access.leaseTime
      yield* sql`DELETE FROM leases
        WHERE deployment_id = ${deploymentId} AND (expires_at <= ${at} OR ${sql.in("holder", [holder, takeOverFrom ?? holder])})`
      const [made] = yield* decodeTokens(
        yield* sql`INSERT INTO leases (deployment_id, holder, expires_at)
          VALUES (${deploymentId}, ${holder}, ${yield* expiry(access, ttl)})
          ON CONFLICT (deployment_id) DO NOTHING RETURNING token`
      )
      if (made !== undefined) return { deploymentId, holder, token: made.token }
      const [other] = yield* decodeHeld(
        yield* sql`SELECT holder, expires_at FROM leases WHERE deployment_id = ${deploymentId}`
      )
      if (other === undefined) return yield* attempt
      return yield* new DeploymentBusy({ name, holder: other.holder, expiresAt: other.expires_at })
    })
    return writeOnce("leases.acquire", attempt)
  }

export const make = (access: Access): Pick<Store, "acquire" | "renew" | "release"> => {
  const { sql, writeOnce } = access
  return {
    acquire: makeAcquire(access),
    renew: (lease, ttl) =>
      writeOnce(
        "leases.renew",
        Effect.flatMap(expiry(access, ttl), (at) =>
          orLost(lease, sql`UPDATE leases SET expires_at = ${at} WHERE ${rowOf(access, lease)} RETURNING token`)
        )
      ),
    release: (lease) =>
      Effect.asVoid(
        writeOnce("leases.release", sql`DELETE FROM leases WHERE token = ${lease.token} AND holder = ${lease.holder}`)
      )
  }
}
