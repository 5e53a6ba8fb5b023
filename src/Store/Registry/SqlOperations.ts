/** Lifecycle operations in a SQL database: begun as an intent, closed once, every write under a lease. */
import type { SqlError } from "@effect/sql/SqlError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { RevisionOutcome, Status } from "../../Deployment.js"
import { LeaseLost } from "../../Errors/Lifecycle.js"
import type { Access } from "../Database/Access.js"
import { decodeRows, Integer, now } from "../Database/Columns.js"
import { type DeploymentRecord, type DeploymentStore, type Lease, Operation } from "../DeploymentStore.js"
import { candidateColumn, decodeOperations, highestGeneration, keyColumns, stateColumns } from "./DeploymentRows.js"
import { guarded } from "./SqlLeases.js"

type Store = DeploymentStore["Type"]
type ById = (id: string) => Effect.Effect<DeploymentRecord, LeaseLost | SqlError | ParseResult.ParseError>
type Outcome = "committed" | "aborted" | "stopped" | "restored" | "withdrawn" | "abandoned"

const abandonedReason = "The operation was abandoned: its process ended before it did."
const settling: ReadonlyArray<RevisionOutcome> = ["pending", "candidate"]
const stoppedReason = "The deployment was stopped during its canary."
const decodeSince = decodeRows(Schema.Struct({ status_since: Integer }))
const decodeGenerations = decodeRows(
  Schema.Struct({ current: Integer, highest: Integer, candidate: Schema.OptionFromNullOr(Integer) })
)

const closeOperation = ({ sql }: Access, operation: Operation, outcome: Outcome) =>
  Effect.flatMap(now, (at) =>
    Effect.filterOrFail(
      sql`UPDATE operations SET closed_at = ${at}, outcome = ${outcome}
        WHERE id = ${operation.id} AND deployment_id = ${operation.deploymentId} AND closed_at IS NULL RETURNING id`,
      (closed) => closed.length > 0,
      () => new LeaseLost({ deploymentId: operation.deploymentId })
    )
  )

/** The time of the change, and the time since which the row has its status: now, if the status is another one. */
const stamps = ({ sql }: Access, id: string, status: Status) =>
  Effect.gen(function* () {
    const at = yield* now
    const [same] = yield* decodeSince(
      yield* sql`SELECT status_since FROM deployments WHERE id = ${id} AND status = ${status}`
    )
    return { updated_at: at, status_since: same?.status_since ?? at }
  })

/** Open, and not committed before. */
const requireOpen = ({ sql }: Access, operation: Operation) =>
  Effect.filterOrFail(
    sql`SELECT 1 FROM operations JOIN revisions USING (deployment_id, generation)
      WHERE operations.id = ${operation.id} AND operations.closed_at IS NULL AND revisions.outcome IN ('pending', 'candidate')`,
    (found) => found.length > 0,
    () => new LeaseLost({ deploymentId: operation.deploymentId })
  )

/** Of a revision in progress, or with `from` of one that is the candidate. */
const settleRevision = (
  { sql }: Access,
  operation: Operation,
  outcome: RevisionOutcome,
  { from = ["pending"], reason }: { readonly reason?: string; readonly from?: ReadonlyArray<RevisionOutcome> } = {}
) =>
  Effect.flatMap(
    now,
    (at) => sql`UPDATE revisions SET outcome = ${outcome}, reason = ${reason ?? null}, settled_at = ${at}
      WHERE deployment_id = ${operation.deploymentId} AND generation = ${operation.generation}
        AND ${sql.in("outcome", from)}`
  )

const abandonOpen = ({ sql }: Access, deploymentId: string) =>
  Effect.gen(function* () {
    const at = yield* now
    yield* sql`UPDATE operations SET closed_at = ${at}, outcome = 'abandoned'
      WHERE deployment_id = ${deploymentId} AND closed_at IS NULL`
    yield* sql`UPDATE revisions SET outcome = 'failed', reason = ${abandonedReason}, settled_at = ${at}
      WHERE deployment_id = ${deploymentId} AND outcome = 'pending'`
  })

const generationsOf = ({ sql }: Access, lease: Lease) =>
  Effect.gen(function* () {
    const [found] = yield* decodeGenerations(
      yield* sql`SELECT generation AS current, ${highestGeneration(sql, lease.deploymentId)} AS highest,
        (SELECT generation FROM revisions WHERE deployment_id = ${lease.deploymentId} AND outcome = 'candidate') AS candidate
        FROM deployments WHERE id = ${lease.deploymentId}`
    )
    return found ?? (yield* new LeaseLost({ deploymentId: lease.deploymentId }))
  })

const generationOf = (
  kind: Operation["kind"],
  { candidate, current, highest }: Effect.Effect.Success<ReturnType<typeof generationsOf>>
): number => {
  if (kind === "provision" || kind === "canary") return highest + 1
  return kind === "promote" || kind === "abort" ? Option.getOrElse(candidate, () => current) : current
}

const endCandidate = ({ sql }: Access, deploymentId: string, reason: string) =>
  Effect.flatMap(
    now,
    (at) => sql`UPDATE revisions SET outcome = 'failed', reason = ${reason}, settled_at = ${at}
      WHERE deployment_id = ${deploymentId} AND outcome = 'candidate'`
  )

const insertOperation = ({ sql }: Access, operation: Operation) =>
  sql`INSERT INTO operations ${sql.insert({
    id: operation.id,
    deployment_id: operation.deploymentId,
    kind: operation.kind,
    generation: operation.generation,
    holder: operation.holder,
    started_at: DateTime.toEpochMillis(operation.startedAt)
  })}`

/** The operation as it was begun, if it was. */
const begun = ({ sql }: Access, id: string) =>
  Effect.map(Effect.flatMap(sql`SELECT * FROM operations WHERE id = ${id}`, decodeOperations), ([found]) =>
    Option.fromNullable(found)
  )

/** The result of an operation that was closed with an outcome. */
const closed = <A, E>({ sql }: Access, { id }: Operation, outcome: Outcome, result: Effect.Effect<A, E>) =>
  Effect.flatMap(sql`SELECT 1 FROM operations WHERE id = ${id} AND outcome = ${outcome}`, (found) =>
    found.length === 0 ? Effect.succeedNone : Effect.asSome(result)
  )

/** The result of an operation whose generation has an outcome. */
const settled =
  (outcome: RevisionOutcome) =>
  <A, E>({ sql }: Access, { deploymentId, generation }: Operation, result: Effect.Effect<A, E>) =>
    Effect.flatMap(
      sql`SELECT 1 FROM revisions WHERE deployment_id = ${deploymentId} AND generation = ${generation} AND outcome = ${outcome}`,
      (found) => (found.length === 0 ? Effect.succeedNone : Effect.asSome(result))
    )

const accepted = settled("accepted")
const offered = settled("candidate")

const makeBegin =
  (access: Access): Store["begin"] =>
  (lease, intent) =>
    guarded(access)(
      "operations.begin",
      lease,
      Effect.gen(function* () {
        const { sql } = access
        yield* abandonOpen(access, lease.deploymentId)
        const { candidate, current, highest } = yield* generationsOf(access, lease)
        const startedAt = yield* DateTime.now
        const generation = generationOf(intent.kind, { current, highest, candidate })
        const { deploymentId, holder } = lease
        const operation = new Operation({
          id: intent.id,
          kind: intent.kind,
          deploymentId,
          generation,
          holder,
          startedAt
        })
        yield* insertOperation(access, operation)
        if (intent.kind === "provision" || intent.kind === "canary") {
          yield* sql`INSERT INTO revisions ${sql.insert({
            deployment_id: deploymentId,
            generation,
            snapshot_id: intent.snapshotId,
            settings: JSON.stringify(intent.settings),
            outcome: "pending",
            made_by: intent.by ?? "",
            created_at: DateTime.toEpochMillis(startedAt)
          })}`
        }
        return operation
      }),
      begun(access, intent.id)
    )

const makeCommit =
  (access: Access, byId: ById): Store["commit"] =>
  (lease, operation, change) =>
    guarded(access)(
      "operations.commit",
      lease,
      Effect.gen(function* () {
        const { sql } = access
        yield* requireOpen(access, operation)
        yield* settleRevision(access, operation, "accepted", { from: settling })
        const columns = {
          ...stateColumns(change.state),
          ...keyColumns(change.authKey, change.authKeys),
          generation: operation.generation,
          snapshot_id: change.snapshot.id,
          settings: JSON.stringify(change.settings),
          desired: "running",
          ...candidateColumn(undefined),
          ...(yield* stamps(access, lease.deploymentId, change.state.status))
        }
        yield* sql`UPDATE deployments SET ${sql.update(columns)} WHERE id = ${lease.deploymentId}`
        return yield* byId(lease.deploymentId)
      }),
      accepted(access, operation, byId(lease.deploymentId))
    )

const makeOffer =
  (access: Access, byId: ById): Store["offer"] =>
  (lease, operation, candidate) =>
    guarded(access)(
      "operations.offer",
      lease,
      Effect.gen(function* () {
        yield* requireOpen(access, operation)
        yield* settleRevision(access, operation, "candidate")
        const columns = { ...candidateColumn(candidate), updated_at: yield* now }
        yield* access.sql`UPDATE deployments SET ${access.sql.update(columns)} WHERE id = ${lease.deploymentId}`
        return yield* byId(lease.deploymentId)
      }),
      offered(access, operation, byId(lease.deploymentId))
    )

const makeWithdraw =
  (access: Access, byId: ById): Store["withdraw"] =>
  (lease, operation, reason) =>
    guarded(access)(
      "operations.withdraw",
      lease,
      Effect.gen(function* () {
        yield* closeOperation(access, operation, "withdrawn")
        yield* endCandidate(access, lease.deploymentId, reason)
        const columns = { ...candidateColumn(undefined), updated_at: yield* now }
        yield* access.sql`UPDATE deployments SET ${access.sql.update(columns)} WHERE id = ${lease.deploymentId}`
        return yield* byId(lease.deploymentId)
      }),
      closed(access, operation, "withdrawn", byId(lease.deploymentId))
    )

const makeFinish =
  (access: Access): Store["finish"] =>
  (lease, operation) =>
    guarded(access)(
      "operations.finish",
      lease,
      Effect.asVoid(closeOperation(access, operation, "committed")),
      closed(access, operation, "committed", Effect.void)
    )

const makeAbort =
  (access: Access, byId: ById): Store["abort"] =>
  (lease, operation, reason) =>
    guarded(access)(
      "operations.abort",
      lease,
      Effect.gen(function* () {
        yield* closeOperation(access, operation, "aborted")
        yield* settleRevision(access, operation, "failed", { reason })
        if (operation.kind === "provision") {
          const stamped = yield* stamps(access, lease.deploymentId, "error")
          const columns = { status: "error", desired: "running", reason, ...stamped }
          yield* access.sql`UPDATE deployments SET ${access.sql.update(columns)}
            WHERE id = ${lease.deploymentId} AND generation = 0`
        }
        return yield* byId(lease.deploymentId)
      }),
      closed(access, operation, "aborted", byId(lease.deploymentId))
    )

const makeStopped =
  (access: Access, byId: ById): Store["stopped"] =>
  (lease, operation) =>
    guarded(access)(
      "operations.stopped",
      lease,
      Effect.gen(function* () {
        yield* closeOperation(access, operation, "stopped")
        yield* endCandidate(access, lease.deploymentId, stoppedReason)
        const columns = {
          ...candidateColumn(undefined),
          desired: "stopped",
          status: "absent",
          url: null,
          reason: null,
          unknown_since: null,
          ...(yield* stamps(access, lease.deploymentId, "absent"))
        }
        yield* access.sql`UPDATE deployments SET ${access.sql.update(columns)} WHERE id = ${lease.deploymentId}`
        return yield* byId(lease.deploymentId)
      }),
      closed(access, operation, "stopped", byId(lease.deploymentId))
    )

const makeRestored =
  (access: Access, byId: ById): Store["restored"] =>
  (lease, operation, state) =>
    guarded(access)(
      "operations.restored",
      lease,
      Effect.gen(function* () {
        yield* closeOperation(access, operation, "restored")
        const columns = { ...stateColumns(state), ...(yield* stamps(access, lease.deploymentId, state.status)) }
        yield* access.sql`UPDATE deployments SET ${access.sql.update(columns)} WHERE id = ${lease.deploymentId}`
        return yield* byId(lease.deploymentId)
      }),
      closed(access, operation, "restored", byId(lease.deploymentId))
    )

export const make = (
  access: Access,
  byId: ById
): Pick<Store, "begin" | "commit" | "offer" | "withdraw" | "finish" | "abort" | "stopped" | "restored"> => ({
  begin: makeBegin(access),
  commit: makeCommit(access, byId),
  offer: makeOffer(access, byId),
  withdraw: makeWithdraw(access, byId),
  finish: makeFinish(access),
  abort: makeAbort(access, byId),
  stopped: makeStopped(access, byId),
  restored: makeRestored(access, byId)
})
