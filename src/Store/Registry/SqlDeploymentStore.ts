/** Deployments in a SQL database. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { canFollow, Desired, type OperationalState, Status } from "../../Deployment.js"
import { DeploymentAlreadyExists, LeaseLost } from "../../Errors/Lifecycle.js"
import type { StoreError } from "../../Errors/Stores.js"
import * as Access from "../Database/Access.js"
import { decodeRows, now, single } from "../Database/Columns.js"
import { forUpdate } from "../Database/Dialect.js"
import { type DeploymentRecord, DeploymentStore } from "../DeploymentStore.js"
import { Ids } from "../Ids.js"
import {
  decodeOperations,
  decodeRecords,
  decodeRevisions,
  intakeColumn,
  keyColumns,
  stateColumns
} from "./DeploymentRows.js"
import * as SqlLeases from "./SqlLeases.js"
import * as SqlOperations from "./SqlOperations.js"
import * as SqlTombstones from "./SqlTombstones.js"

type Store = DeploymentStore["Type"]

const selectRecords = (sql: SqlClient.SqlClient) =>
  sql`SELECT d.*, s.pipeline_name, s.version FROM deployments d JOIN snapshots s ON s.id = d.snapshot_id`

const findById = (
  { sql }: Access.Access,
  id: string
): Effect.Effect<Option.Option<DeploymentRecord>, SqlError | ParseResult.ParseError> =>
  Effect.map(Effect.flatMap(sql`${selectRecords(sql)} WHERE d.id = ${id}`, decodeRecords), (found) =>
    Option.fromNullable(found[0])
  )

/** The row of a lease that was just checked; it is gone only if the deployment was deleted. */
const getById = (access: Access.Access) => (id: string) =>
  Effect.flatMap(
    findById(access, id),
    Option.match({ onNone: () => Effect.fail(new LeaseLost({ deploymentId: id })), onSome: Effect.succeed })
  )

const decodeIds = decodeRows(Schema.Struct({ value: Schema.UUID }))

const storedIds = (sql: SqlClient.SqlClient) =>
  Effect.flatMap(sql`SELECT value FROM meta WHERE name = 'registryId'`, decodeIds)

const ensureRegistryId = (access: Access.Access, ids: Ids["Type"]): Effect.Effect<string, StoreError> => {
  const { read, sql, writeOnce } = access
  const stored = storedIds(sql)
  const insert = Effect.gen(function* () {
    yield* sql`INSERT INTO meta (name, value) VALUES ('registryId', ${yield* ids.next}) ON CONFLICT (name) DO NOTHING`
    return yield* Effect.flatMap(stored, single)
  })
  return Effect.gen(function* () {
    const [known] = yield* read("registry.id", stored)
    return (known ?? (yield* writeOnce("registry.id", insert))).value
  })
}

const makeFind =
  ({ read, sql }: Access.Access): Store["find"] =>
  (ref) =>
    read(
      "deployments.find",
      sql`${selectRecords(sql)} WHERE d.name = ${ref} OR d.id = ${ref} ORDER BY d.name = ${ref} DESC LIMIT 1`.pipe(
        Effect.flatMap(decodeRecords),
        Effect.map((found) => Option.fromNullable(found[0]))
      )
    )

const makeList =
  ({ read, sql }: Access.Access): Store["list"] =>
  (options) => {
    const conditions = [
      ...(options?.status === undefined ? [] : [sql.in("d.status", [options.status].flat())]),
      ...(options?.after === undefined ? [] : [sql`d.name > ${options.after}`])
    ]
    const limit = options?.limit === undefined ? sql.literal("") : sql`LIMIT ${Math.max(Math.trunc(options.limit), 0)}`
    return read(
      "deployments.list",
      Effect.flatMap(sql`${selectRecords(sql)} WHERE ${sql.and(conditions)} ORDER BY d.name ${limit}`, decodeRecords)
    )
  }

const makeInsert =
  (access: Access.Access): Store["insert"] =>
  (draft) =>
    access.writeOnce(
      "deployments.insert",
      Effect.gen(function* () {
        const at = yield* now
        const row = {
          id: draft.id,
          name: draft.name,
          status: "pending",
          generation: 0,
          flavor: draft.deployer.flavor,
          deployer: draft.deployer.name,
          snapshot_id: draft.snapshot.id,
          metadata: "{}",
          settings: "{}",
          desired: "running",
          created_at: at,
          updated_at: at,
          status_since: at
        }
        const inserted = yield* access.sql`INSERT INTO deployments ${access.sql.insert(row)}
          ON CONFLICT (name) DO NOTHING RETURNING id`
        // A row with this id is that of an attempt whose commit was not confirmed.
        const made = yield* findById(access, draft.id)
        if (inserted.length === 0 && Option.isNone(made))
          return yield* new DeploymentAlreadyExists({ name: draft.name })
        return yield* single(Option.toArray(made))
      })
    )

const writeState = ({ sql }: Access.Access, id: string, state: OperationalState) => {
  const { metadata, reason, status, url } = stateColumns(state)
  return Effect.flatMap(
    now,
    (at) => sql`UPDATE deployments SET status = ${status}, url = ${url}, metadata = ${metadata}, reason = ${reason},
        unknown_since = NULL, updated_at = ${at},
        status_since = CASE WHEN status = ${status} THEN status_since ELSE ${at} END
      WHERE id = ${id} AND (status, url, metadata, reason, unknown_since)
        IS DISTINCT FROM (${status}, ${url}, ${metadata}, ${reason}, NULL)`
  )
}

const writeUnobservable = ({ sql }: Access.Access, id: string) =>
  Effect.flatMap(
    now,
    (at) => sql`UPDATE deployments SET unknown_since = ${at}, updated_at = ${at}
      WHERE id = ${id} AND unknown_since IS NULL`
  )

const decodeStatuses = decodeRows(Schema.Struct({ status: Status, desired: Desired }))

const makeObserve =
  (access: Access.Access): Store["observe"] =>
  (id, generation, observation, basis) =>
    access.writeOnce(
      "deployments.observe",
      Effect.gen(function* () {
        const [current] = yield* decodeStatuses(
          yield* access.sql`SELECT status, desired FROM deployments WHERE id = ${id} AND generation = ${generation}
            AND NOT EXISTS (SELECT 1 FROM operations WHERE deployment_id = ${id} AND closed_at IS NULL)
            ${forUpdate(access.sql)}`
        )
        // What was seen may be older than what was written meanwhile.
        const same = basis === undefined || current?.desired === basis.desired
        const follows = observation === "unobservable" || canFollow(current?.status ?? "absent", observation.status)
        if (current !== undefined && same && follows) {
          yield* observation === "unobservable" ? writeUnobservable(access, id) : writeState(access, id, observation)
        }
        return yield* findById(access, id)
      })
    )

const makeSetAuthKey =
  (access: Access.Access): Store["setAuthKey"] =>
  (lease, authKey, authKeys) =>
    SqlLeases.guarded(access)(
      "deployments.setAuthKey",
      lease,
      Effect.gen(function* () {
        const { sql } = access
        const columns = { ...keyColumns(authKey, authKeys), updated_at: yield* now }
        yield* sql`UPDATE deployments SET ${sql.update(columns)} WHERE id = ${lease.deploymentId}`
        return yield* getById(access)(lease.deploymentId)
      })
    )

const makeSetIntake =
  (access: Access.Access): Store["setIntake"] =>
  (lease, intake) =>
    SqlLeases.guarded(access)(
      "deployments.setIntake",
      lease,
      Effect.gen(function* () {
        const { sql } = access
        const columns = { ...intakeColumn(intake), updated_at: yield* now }
        yield* sql`UPDATE deployments SET ${sql.update(columns)} WHERE id = ${lease.deploymentId}`
        return yield* getById(access)(lease.deploymentId)
      })
    )

const makeRemove =
  (access: Access.Access): Store["remove"] =>
  (lease) =>
    SqlLeases.guarded(access, SqlLeases.given(access))(
      "deployments.remove",
      lease,
      Effect.zipRight(
        SqlTombstones.insertTombstone(access, lease.deploymentId),
        Effect.asVoid(access.sql`DELETE FROM deployments WHERE id = ${lease.deploymentId}`)
      ),
      Effect.map(access.sql`SELECT 1 FROM deployments WHERE id = ${lease.deploymentId}`, (rest) =>
        rest.length === 0 ? Option.some(undefined) : Option.none()
      )
    )

const makeHistory = ({ read, sql }: Access.Access): Pick<Store, "revisions" | "openOperations"> => ({
  revisions: (deploymentId) =>
    read(
      "deployments.revisions",
      Effect.flatMap(
        sql`SELECT * FROM revisions WHERE deployment_id = ${deploymentId} ORDER BY generation DESC`,
        decodeRevisions
      )
    ),
  openOperations: read(
    "operations.open",
    Effect.flatMap(sql`SELECT * FROM operations WHERE closed_at IS NULL ORDER BY sequence`, decodeOperations)
  )
})

/**
 * The store of deployments in a database that has the tables of `RegistrySchema`. Gives a new registry its id.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Store, StoreError, SqlClient.SqlClient | Ids> = Effect.gen(function* () {
  const access = yield* Access.make("registry")
  return {
    registryId: yield* ensureRegistryId(access, yield* Ids),
    identity: access.read(
      "registry.id",
      Effect.map(Effect.flatMap(storedIds(access.sql), single), ({ value }) => value)
    ),
    find: makeFind(access),
    list: makeList(access),
    insert: makeInsert(access),
    ...SqlLeases.make(access),
    ...SqlOperations.make(access, getById(access)),
    remove: makeRemove(access),
    observe: makeObserve(access),
    setAuthKey: makeSetAuthKey(access),
    setIntake: makeSetIntake(access),
    ...SqlTombstones.make(access, (id) =>
      Effect.flatMap(findById(access, id), (found) => single(Option.toArray(found)))
    ),
    ...makeHistory(access)
  }
})

/**
 * See {@link make}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<DeploymentStore, StoreError, SqlClient.SqlClient | Ids> = Layer.effect(
  DeploymentStore,
  make
)
