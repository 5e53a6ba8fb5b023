/**
 * The HTTP contract of a deployer: its operations with their failures, for programs on other machines. Every change has an
 * id of its own, so that a caller may send it again after a lost answer.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiError from "@effect/platform/HttpApiError"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { KeyScope } from "../Contract/Keys.js"
import { RunPage } from "../Contract/Responses.js"
import { RunLogPage } from "../Contract/RunLog.js"
import { Run, RunStatus } from "../Contract/RunRecord.js"
import { Plan, RebuildReport, ReconcileReport } from "../Deployer/Reports.js"
import { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import { Deployment, Revision, Status } from "../Deployment.js"
import { StoreError } from "../Errors/Stores.js"
import * as Failures from "./Failures.js"
import * as Models from "./Models.js"

/**
 * Permits the bearer of the token.
 *
 * @category schemas
 * @since 0.2.0
 */
export class Authorization extends HttpApiMiddleware.Tag<Authorization>()("effect-deployers/Control/Authorization", {
  failure: HttpApiError.Unauthorized,
  security: { bearer: HttpApiSecurity.bearer }
}) {}

/**
 * The id of a change. A request with the id of an earlier one gets the outcome of that one.
 *
 * @category schemas
 * @since 0.2.0
 */
export const OperationId = Schema.UUID

const Ref = Schema.Struct({ ref: Schema.String })
const Change = Schema.Struct({ "idempotency-key": OperationId })
const OperationPath = Schema.Struct({ id: OperationId })
const lines = HttpApiSchema.Text({ contentType: "application/x-ndjson" })
const number = Schema.optional(Schema.NumberFromString)

const deployer = HttpApiGroup.make("deployer")
  .add(HttpApiEndpoint.get("info", "/deployer").addSuccess(Models.DeployerInfo))
  .add(HttpApiEndpoint.get("events", "/events").addSuccess(lines))
  .add(HttpApiEndpoint.get("changes", "/changes").addSuccess(lines))
  .add(HttpApiEndpoint.get("reconcilePlan", "/reconcile").addSuccess(ReconcileReport).addError(Failures.ReconcileError))
  .add(
    HttpApiEndpoint.post("reconcile", "/reconcile")
      .setHeaders(Change)
      .addSuccess(ReconcileReport)
      .addError(Failures.ReconcileError)
  )
  .add(HttpApiEndpoint.post("rebuild", "/rebuild").setHeaders(Change).addSuccess(RebuildReport).addError(StoreError))

const deployments = HttpApiGroup.make("deployments")
  .add(
    HttpApiEndpoint.get("list", "/deployments")
      .setUrlParams(
        Schema.Struct({ status: Schema.optional(Status), limit: number, after: Schema.optional(Schema.String) })
      )
      .addSuccess(Schema.Array(Deployment))
      .addError(StoreError)
  )
  .add(HttpApiEndpoint.get("get", "/deployments/:ref").setPath(Ref).addSuccess(Deployment).addError(Failures.ReadError))
  .add(
    HttpApiEndpoint.get("revisions", "/deployments/:ref/revisions")
      .setPath(Ref)
      .addSuccess(Schema.Array(Revision))
      .addError(Failures.ReadError)
  )
  .add(
    HttpApiEndpoint.get("logs", "/deployments/:ref/logs")
      .setPath(Ref)
      .setUrlParams(Schema.Struct({ tail: number, since: number, follow: Schema.optional(Schema.BooleanFromString) }))
      .addSuccess(lines)
  )
  .add(HttpApiEndpoint.post("plan", "/plan").setPayload(Models.Plan).addSuccess(Plan).addError(Failures.PlanError))
  .add(
    HttpApiEndpoint.post("provision", "/deployments")
      .setHeaders(Change)
      .setPayload(Models.Provision)
      .addSuccess(Deployment)
      .addError(Failures.ProvisionError)
  )
  .add(
    HttpApiEndpoint.put("getOrCreate", "/deployments")
      .setHeaders(Change)
      .setPayload(Models.Provision)
      .addSuccess(Deployment)
      .addError(Failures.ProvisionError)
  )
  .add(
    HttpApiEndpoint.post("reprovision", "/deployments/:ref/reprovision")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(Models.Reprovision)
      .addSuccess(Deployment)
      .addError(Failures.RollbackError)
  )
  .add(
    HttpApiEndpoint.post("rollback", "/deployments/:ref/rollback")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(Schema.Struct({ to: Schema.optional(Schema.Number) }))
      .addSuccess(Deployment)
      .addError(Failures.RollbackError)
  )
  .add(
    HttpApiEndpoint.post("refresh", "/deployments/:ref/refresh")
      .setPath(Ref)
      .setHeaders(Change)
      .addSuccess(Deployment)
      .addError(Failures.RefreshError)
  )
  .add(
    HttpApiEndpoint.post("deprovision", "/deployments/:ref/deprovision")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(Schema.Struct({ timeoutMillis: Schema.optional(Schema.Number) }))
      .addSuccess(Deployment)
      .addError(Failures.DeprovisionError)
  )
  .add(
    HttpApiEndpoint.post("delete", "/deployments/:ref/delete")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(
        Schema.Struct({ force: Schema.optional(Schema.Boolean), timeoutMillis: Schema.optional(Schema.Number) })
      )
      .addSuccess(HttpApiSchema.NoContent)
      .addError(Failures.DeleteError)
  )
  .add(
    HttpApiEndpoint.post("pause", "/deployments/:ref/pause")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(Schema.Struct({ for: Schema.optional(Schema.DurationFromMillis) }))
      .addSuccess(Deployment)
      .addError(Failures.IntakeError)
  )
  .add(
    HttpApiEndpoint.post("maintenance", "/deployments/:ref/maintenance")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(
        Schema.Struct({
          message: Schema.optional(Schema.String),
          retryAfter: Schema.optional(Schema.DurationFromMillis)
        })
      )
      .addSuccess(Deployment)
      .addError(Failures.IntakeError)
  )
  .add(
    HttpApiEndpoint.post("resume", "/deployments/:ref/resume")
      .setPath(Ref)
      .setHeaders(Change)
      .addSuccess(Deployment)
      .addError(Failures.IntakeError)
  )

const keys = HttpApiGroup.make("keys")
  .add(
    HttpApiEndpoint.get("own", "/deployments/:ref/key")
      .setPath(Ref)
      .addSuccess(Models.OwnKey)
      .addError(Failures.AuthKeyError)
  )
  .add(
    HttpApiEndpoint.get("list", "/deployments/:ref/keys")
      .setPath(Ref)
      .addSuccess(Schema.Array(Models.KeyInfo))
      .addError(Failures.ReadError)
  )
  .add(
    HttpApiEndpoint.post("add", "/deployments/:ref/keys")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(
        Schema.Struct({
          scopes: Schema.optional(Schema.Array(KeyScope)),
          expiresAt: Schema.optional(Schema.DateTimeUtc)
        })
      )
      .addSuccess(Models.NewKey)
      .addError(Failures.AuthKeyChangeError)
  )
  .add(
    HttpApiEndpoint.post("rotate", "/deployments/:ref/key/rotate")
      .setPath(Ref)
      .setHeaders(Change)
      .setPayload(Schema.Struct({ id: Schema.optional(Schema.String), expiresAt: Schema.optional(Schema.DateTimeUtc) }))
      .addSuccess(Models.NewKey)
      .addError(Failures.AuthKeyChangeError)
  )
  .add(
    HttpApiEndpoint.post("remove", "/deployments/:ref/keys/:id/remove")
      .setPath(Schema.Struct({ ref: Schema.String, id: Schema.String }))
      .setHeaders(Change)
      .addSuccess(HttpApiSchema.NoContent)
      .addError(Failures.AuthKeyChangeError)
  )

const operations = HttpApiGroup.make("operations")
  .add(
    HttpApiEndpoint.post("cancel", "/operations/:id/cancel").setPath(OperationPath).addSuccess(HttpApiSchema.NoContent)
  )
  .add(
    HttpApiEndpoint.post("gate", "/operations/:id/gate")
      .setPath(OperationPath)
      .setPayload(Schema.Struct({ failure: Schema.optional(Schema.String) }))
      .addSuccess(HttpApiSchema.NoContent)
  )

const RunPath = Schema.Struct({ ref: Schema.String, id: Schema.String })
const text = Schema.optional(Schema.String)
const Part = Schema.Struct({ after: number, limit: number })

const records = HttpApiGroup.make("records")
  .add(
    HttpApiEndpoint.get("events", "/deployments/:ref/events")
      .setPath(Ref)
      .setUrlParams(Part)
      .addSuccess(Schema.Array(DeploymentEvent))
      .addError(StoreError)
  )
  .add(
    HttpApiEndpoint.get("runs", "/deployments/:ref/runs")
      .setPath(Ref)
      .setUrlParams(Schema.Struct({ status: Schema.optional(RunStatus), session: text, limit: number, cursor: text }))
      .addSuccess(RunPage)
      .addError(Failures.RecordsError)
  )
  .add(
    HttpApiEndpoint.get("run", "/deployments/:ref/runs/:id")
      .setPath(RunPath)
      .addSuccess(Run)
      .addError(Failures.RunError)
  )
  .add(
    HttpApiEndpoint.get("runLogs", "/deployments/:ref/runs/:id/logs")
      .setPath(RunPath)
      .setUrlParams(Part)
      .addSuccess(RunLogPage)
      .addError(Failures.RunError)
  )

const withoutKeys = HttpApi.make("control").add(deployer).add(deployments).add(operations).add(records)

/**
 * The contract for callers who must not see the keys of deployments. The program that serves it decides about its callers.
 *
 * @category constructors
 * @since 0.2.0
 */
export const Keyless = withoutKeys
  .prefix("/api/v1")
  .annotateContext(OpenApi.annotations({ title: "Deployments, without their keys", version: "1" }))

/**
 * The contract.
 *
 * @category constructors
 * @since 0.2.0
 */
export const Api = withoutKeys
  .add(keys)
  .addError(HttpApiError.Unauthorized)
  .prefix("/api/v1")
  .middleware(Authorization)
  .annotateContext(OpenApi.annotations({ title: "Control of deployments", version: "1" }))
