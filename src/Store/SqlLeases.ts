/**
 * Leases in a SQL database. A lease is a row while it is held; its key is the fencing token, which the database never
 * gives out twice, not even after the row is gone.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DeploymentBusy, LeaseLost } from "../Errors/Lifecycle.js"
import type { Access } from "./Access.js"
import { decodeRows, now, single, Time } from "./Columns.js"
import type { DeploymentStore, Lease } from "./DeploymentStore.js"

type Store = DeploymentStore["Type"]

const decodeHeld = decodeRows(Schema.Struct({ holder: Schema.String, expires_at: Time }))
const decodeTokens = decodeRows(Schema.Struct({ token: Schema.Int }))

const expiry = (ttl: Duration.DurationInput) => Effect.map(now, (at) => at + Math.ceil(Duration.toMillis(ttl)))

/** Fails unless no later lease was given out. */
export const fence = ({ sql }: Access, lease: Lease): Effect.Effect<void, LeaseLost | SqlError> =>
  Effect.filterOrFail(
    sql`SELECT 1 FROM leases
      WHERE token = ${lease.token} AND deployment_id = ${lease.deploymentId} AND holder = ${lease.holder}`,
    (rows) => rows.length > 0,
    () => new LeaseLost({ deploymentId: lease.deploymentId })
  )

/** Runs statements as one transaction that counts only under a lease which is still ours. */
export const guarded =
  (access: Access) =>
  <A, E>(operation: string, lease: Lease, effect: Effect.Effect<A, E | SqlError | ParseResult.ParseError>) =>
    access.write(operation, Effect.zipRight(fence(access, lease), effect))

const makeAcquire =
  ({ sql, write }: Access): Store["acquire"] =>
  (deploymentId, { holder, name, takeOverFrom, ttl }) =>
    write(
      "leases.acquire",
      Effect.gen(function* () {
        const at = yield* now
        const [other] = yield* decodeHeld(
          yield* sql`SELECT holder, expires_at FROM leases
            WHERE deployment_id = ${deploymentId} AND expires_at > ${at} AND holder <> ${holder}`
        )
        if (other !== undefined && other.holder !== takeOverFrom) {
          return yield* new DeploymentBusy({ name, holder: other.holder, expiresAt: other.expires_at })
        }
        yield* sql`DELETE FROM leases WHERE deployment_id = ${deploymentId}`
        const row = { deployment_id: deploymentId, holder, expires_at: yield* expiry(ttl) }
        const inserted = yield* decodeTokens(yield* sql`INSERT INTO leases ${sql.insert(row).returning("token")}`)
        const { token } = yield* single(inserted)
        return { deploymentId, holder, token }
      })
    )

export const make = (access: Access): Pick<Store, "acquire" | "renew" | "release"> => {
  const { sql, write } = access
  return {
    acquire: makeAcquire(access),
    renew: (lease, ttl) =>
      guarded(access)(
        "leases.renew",
        lease,
        Effect.flatMap(expiry(ttl), (at) =>
          Effect.asVoid(sql`UPDATE leases SET expires_at = ${at} WHERE token = ${lease.token}`)
        )
      ),
    release: (lease) =>
      Effect.asVoid(
        write("leases.release", sql`DELETE FROM leases WHERE token = ${lease.token} AND holder = ${lease.holder}`)
      )
  }
}
