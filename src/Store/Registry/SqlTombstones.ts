/**
 * Facts about deployments beyond their rows in a SQL database: deletions, restores and the holders of leases; and the
 * recovery of a deployment that the registry lost.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DeploymentId } from "../../Deployment.js"
import { DeploymentAlreadyExists } from "../../Errors/Lifecycle.js"
import type { Access } from "../Database/Access.js"
import { decodeRows, now, Time } from "../Database/Columns.js"
import type { DeploymentRecord, DeploymentStore, Recovered } from "../DeploymentStore.js"
import { decodeTombstones, highestGeneration, intakeColumn, keyColumns, stateColumns } from "./DeploymentRows.js"

type Store = DeploymentStore["Type"]
type ById = (id: string) => Effect.Effect<DeploymentRecord, SqlError | ParseResult.ParseError>

const decodeTimes = decodeRows(Schema.Struct({ started_at: Time }))
const decodeHolders = decodeRows(Schema.Struct({ deployment_id: DeploymentId, holder: Schema.String }))

/** Leaves a tombstone for a deployment that is about to be deleted. */
export const insertTombstone = ({ sql }: Access, id: string): Effect.Effect<void, SqlError> =>
  Effect.flatMap(now, (at) =>
    Effect.asVoid(
      sql`INSERT INTO tombstones (deployment_id, name, flavor, deployer, generation, deleted_at)
        SELECT id, name, flavor, deployer, ${highestGeneration(sql, id)}, CAST(${at} AS BIGINT)
        FROM deployments WHERE id = ${id}
        ON CONFLICT (deployment_id) DO UPDATE SET generation = excluded.generation, deleted_at = excluded.deleted_at`
    )
  )

export const make = (
  access: Access,
  byId: ById
): Pick<Store, "restores" | "leases" | "tombstones" | "recover" | "takeIdentity"> => {
  const { leaseTime, read, sql, writeOnce } = access
  return {
    restores: (deploymentId, since) =>
      read(
        "operations.restores",
        sql`SELECT started_at FROM operations WHERE deployment_id = ${deploymentId} AND kind = 'restore'
          AND started_at >= ${DateTime.toEpochMillis(since)} ORDER BY sequence`.pipe(
          Effect.flatMap(decodeTimes),
          Effect.map((rows) => rows.map(({ started_at }) => started_at))
        )
      ),
    leases: read(
      "leases.list",
      Effect.flatMap(leaseTime, (at) => sql`SELECT deployment_id, holder FROM leases WHERE expires_at > ${at}`).pipe(
        Effect.flatMap(decodeHolders),
        Effect.map((rows) => rows.map(({ deployment_id, holder }) => ({ deploymentId: deployment_id, holder })))
      )
    ),
    tombstones: read(
      "tombstones.list",
      Effect.flatMap(sql`SELECT * FROM tombstones ORDER BY deleted_at, deployment_id`, decodeTombstones)
    ),
    recover: (recovered) => writeOnce("deployments.recover", recover(access, byId, recovered)),
    takeIdentity: (registryId) =>
      writeOnce(
        "registry.takeIdentity",
        Effect.map(
          sql`UPDATE meta SET value = ${registryId}
            WHERE name = 'registryId' AND NOT EXISTS (SELECT 1 FROM deployments) RETURNING value`,
          (rows) => rows.length > 0
        )
      )
  }
}

// internal

const recover = (access: Access, byId: ById, recovered: Recovered) =>
  Effect.gen(function* () {
    const { sql } = access
    const { deployer, generation, id, name } = recovered
    const taken = yield* sql`SELECT 1 FROM deployments WHERE name = ${name} AND id <> ${id}`
    if (taken.length > 0) return yield* new DeploymentAlreadyExists({ name })
    const at = yield* now
    const columns = {
      ...stateColumns(recovered.state),
      ...keyColumns(recovered.authKey, recovered.authKeys),
      ...intakeColumn(recovered.intake),
      generation,
      snapshot_id: recovered.snapshot.id,
      settings: JSON.stringify(recovered.settings),
      desired: "running",
      updated_at: at,
      status_since: at
    }
    const row = { id, name, flavor: deployer.flavor, deployer: deployer.name, created_at: at, ...columns }
    yield* sql`INSERT INTO deployments ${sql.insert(row)} ON CONFLICT (id) DO NOTHING`
    yield* sql`UPDATE deployments SET ${sql.update(columns)} WHERE id = ${id} AND generation < ${generation}`
    const accepted = { outcome: "accepted", reason: "It was put back from the files of its instance." } as const
    yield* insertRevision(access, recovered, { generation, at, ...accepted })
    const refused = { outcome: "failed", reason: "It was found beside the one that was put back." } as const
    for (const other of recovered.refused) {
      yield* insertRevision(access, recovered, { generation: other, at, ...refused })
    }
    yield* sql`DELETE FROM tombstones WHERE deployment_id = ${id}`
    return yield* byId(id)
  })

const insertRevision = (
  { sql }: Access,
  { by, id, settings, snapshot }: Recovered,
  {
    at,
    generation,
    outcome,
    reason
  }: {
    readonly generation: number
    readonly outcome: "accepted" | "failed"
    readonly reason: string
    readonly at: number
  }
) =>
  sql`INSERT INTO revisions ${sql.insert({
    deployment_id: id,
    generation,
    snapshot_id: snapshot.id,
    settings: JSON.stringify(settings),
    outcome,
    reason,
    made_by: by,
    created_at: at,
    settled_at: at
  })} ON CONFLICT (deployment_id, generation) DO NOTHING`
