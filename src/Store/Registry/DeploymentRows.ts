/** Deployments, revisions and operations as rows and back. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as Statement from "@effect/sql/Statement"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Candidate } from "../../Deployment/Candidate.js"
import { at, Intake } from "../../Deployment/Intake.js"
import {
  Deployment,
  DeploymentId,
  DeploymentName,
  Desired,
  type OperationalState,
  Revision,
  RevisionOutcome,
  Status
} from "../../Deployment.js"
import {
  type Decode,
  decodeRows,
  decodeTo,
  Integer,
  JsonObject,
  OptionalText,
  OptionalTime,
  present,
  Time
} from "../Database/Columns.js"
import { greatest } from "../Database/Dialect.js"
import {
  type AuthKey,
  type DeploymentRecord,
  Operation,
  OperationKind,
  StoredKey,
  type Tombstone
} from "../DeploymentStore.js"

const DeploymentRow = Schema.Struct({
  id: DeploymentId,
  name: DeploymentName,
  status: Status,
  url: OptionalText,
  generation: Schema.compose(Integer, Schema.NonNegativeInt),
  flavor: Schema.String,
  deployer: Schema.String,
  snapshot_id: Schema.String,
  pipeline_name: Schema.String,
  version: Integer,
  metadata: JsonObject,
  settings: JsonObject,
  auth_digest: OptionalText,
  auth_sealed: OptionalText,
  auth_keys: Schema.parseJson(Schema.Array(StoredKey)),
  desired: Desired,
  intake: Schema.OptionFromNullOr(Schema.parseJson(Intake)),
  candidate: Schema.OptionFromNullOr(Schema.parseJson(Candidate)),
  reason: OptionalText,
  unknown_since: OptionalTime,
  created_at: Time,
  updated_at: Time,
  status_since: Time
})

const toDeployment = (row: typeof DeploymentRow.Type): Deployment =>
  new Deployment({
    id: row.id,
    name: row.name,
    status: row.status,
    generation: row.generation,
    deployer: { flavor: row.flavor, name: row.deployer },
    snapshot: { id: row.snapshot_id, pipelineName: row.pipeline_name, version: row.version },
    metadata: row.metadata,
    authEnabled: Option.isSome(row.auth_digest),
    desired: row.desired,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...present({
      url: row.url,
      reason: row.reason,
      unknownSince: row.unknown_since,
      intake: row.intake,
      candidate: row.candidate
    })
  })

const toRecord = (row: typeof DeploymentRow.Type): DeploymentRecord => ({
  deployment: toDeployment(row),
  settings: row.settings,
  statusSince: row.status_since,
  authKeys: row.auth_keys,
  authKey: Option.getOrUndefined(
    Option.zipWith(row.auth_digest, row.auth_sealed, (digest, sealed): AuthKey => ({ digest, sealed }))
  )
})

const RevisionRow = Schema.Struct({
  deployment_id: DeploymentId,
  generation: Integer,
  snapshot_id: Schema.String,
  settings: JsonObject,
  outcome: RevisionOutcome,
  reason: OptionalText,
  created_at: Time,
  settled_at: OptionalTime,
  made_by: Schema.String
})

const toRevision = ({
  created_at,
  deployment_id,
  made_by,
  reason,
  settled_at,
  snapshot_id,
  ...row
}: typeof RevisionRow.Type): Revision =>
  new Revision({
    ...row,
    deploymentId: deployment_id,
    snapshotId: snapshot_id,
    by: made_by,
    createdAt: created_at,
    ...present({ reason, settledAt: settled_at })
  })

const OperationRow = Schema.Struct({
  id: Schema.String,
  deployment_id: DeploymentId,
  kind: OperationKind,
  generation: Integer,
  holder: Schema.String,
  started_at: Time
})

const toOperation = ({ deployment_id, started_at, ...row }: typeof OperationRow.Type): Operation =>
  new Operation({ ...row, deploymentId: deployment_id, startedAt: started_at })

/** A pause that has ended is none. Rows of `deployments` joined with the pipeline name and version of their snapshots. */
export const decodeRecords: Decode<DeploymentRecord> = (rows) =>
  Effect.zipWith(decodeRows(DeploymentRow)(rows), Clock.currentTimeMillis, (decoded, now) =>
    decoded.map((row) =>
      toRecord({ ...row, intake: Option.filter(row.intake, (intake) => at(intake, now) !== undefined) })
    )
  )

export const decodeRevisions: Decode<Revision> = decodeTo(RevisionRow, toRevision)

export const decodeOperations: Decode<Operation> = decodeTo(OperationRow, toOperation)

const TombstoneRow = Schema.Struct({
  deployment_id: DeploymentId,
  name: DeploymentName,
  flavor: Schema.String,
  deployer: Schema.String,
  generation: Integer,
  deleted_at: Time
})

export const decodeTombstones: Decode<Tombstone> = decodeTo(
  TombstoneRow,
  ({ deleted_at, deployer, deployment_id, flavor, generation, name }) => ({
    deploymentId: deployment_id,
    name,
    deployer: { flavor, name: deployer },
    generation,
    deletedAt: deleted_at
  })
)

/** The columns an observed state fills. */
export const stateColumns = (state: OperationalState) => ({
  status: state.status,
  url: state.publicUrl ?? state.url ?? null,
  metadata: JSON.stringify(state.metadata),
  reason: state.reason ?? null,
  unknown_since: null
})

/** The columns of the keys; without `authKeys` those of a deployment stay. */
export const keyColumns = (authKey: AuthKey | undefined, authKeys?: ReadonlyArray<StoredKey>) => ({
  auth_digest: authKey?.digest ?? null,
  auth_sealed: authKey?.sealed ?? null,
  ...(authKeys === undefined ? {} : { auth_keys: JSON.stringify(authKeys) })
})

/** The column of the intake. */
export const intakeColumn = (intake: Intake | undefined) => ({
  intake: intake === undefined ? null : encodeIntake(intake)
})

/** The column of the candidate. */
export const candidateColumn = (candidate: Candidate | undefined) => ({
  candidate: candidate === undefined ? null : encodeCandidate(candidate)
})

const encodeCandidate = Schema.encodeSync(Schema.parseJson(Candidate))

const encodeIntake = Schema.encodeSync(Schema.parseJson(Intake))

/** The highest generation that was begun for the deployment of a row. */
export const highestGeneration = (sql: SqlClient.SqlClient, id: string): Statement.Fragment =>
  greatest(sql, sql`generation`, sql`COALESCE((SELECT MAX(generation) FROM revisions WHERE deployment_id = ${id}), 0)`)
