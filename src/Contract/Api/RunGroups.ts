/** The endpoints of runs, their artifacts and their sessions. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as Artifacts from "../Artifacts.js"
import * as EndpointErrors from "../EndpointErrors.js"
import * as Responses from "../Responses.js"
import * as RunLog from "../RunLog.js"
import { Run } from "../RunRecord.js"
import * as RunSocket from "../RunSocket.js"
import * as Sessions from "../Sessions.js"
import type { Documentation, Paths } from "./Documentation.js"

export const runs = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("runs")
    .add(
      HttpApiEndpoint.get("list", at.runs)
        .setUrlParams(Responses.RunsQuery)
        .addSuccess(Responses.RunPage)
        .addError(EndpointErrors.RunsError)
        .annotateContext(doc("runs", "Runs, newest first."))
    )
    .add(
      HttpApiEndpoint.get("get", at.run)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Run)
        .addError(EndpointErrors.RunError)
        .annotateContext(doc("run", "One run with its steps."))
    )
    .add(
      HttpApiEndpoint.post("cancel", at.cancel)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Run)
        .addError(EndpointErrors.RunError)
        .annotateContext(doc("cancel", "Interrupt a run; one that has ended stays as it is."))
    )
    .add(
      HttpApiEndpoint.get("events", at.events)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setHeaders(Responses.EventsHeaders)
        .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
        .addSuccess(Responses.NoMoreEvents)
        .addError(EndpointErrors.EventsError)
        .annotateContext(doc("events", "What happened in a run and what happens until it ends, as server-sent events."))
    )
    .add(
      HttpApiEndpoint.get("socket", at.socket)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setUrlParams(RunSocket.SocketQuery)
        .addSuccess(Responses.Switched)
        .addError(EndpointErrors.SocketError)
        .annotateContext(
          doc("socket", "A WebSocket that sends the events of a run, and takes signals to it and its cancelling.")
        )
    )
    .add(
      HttpApiEndpoint.get("logs", at.logs)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setUrlParams(RunLog.RunLogQuery)
        .addSuccess(RunLog.RunLogPage)
        .addError(EndpointErrors.LogsError)
        .annotateContext(doc("logs", "The lines that a run logged, in their order."))
    )
    .add(
      HttpApiEndpoint.post("signal", at.signal)
        .setPath(signalPath)
        .setPayload(Schema.Unknown)
        .addSuccess(Responses.Accepted, { status: 202 })
        .addError(EndpointErrors.SignalError)
        .annotateContext(doc("signal", "Send a signal to a run that waits for it, or will."))
    )
    .add(
      HttpApiEndpoint.post("retry", at.retry)
        .setPath(Schema.Struct({ id: Schema.String }))
        .setPayload(Responses.RetryRequest)
        .addSuccess(Responses.Accepted, { status: 202 })
        .addError(EndpointErrors.RetryError)
        .annotateContext(doc("retry", "Run the pipeline again with the parameters of a run, as a new run."))
    )

const signalPath = Schema.Struct({ id: Schema.String, name: Schema.String })

export const artifacts = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("artifacts")
    .add(
      HttpApiEndpoint.get("list", at.artifacts)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Artifacts.ArtifactList)
        .addError(EndpointErrors.RunError)
        .annotateContext(doc("artifacts", "The outputs of the steps of a run, with their digests."))
    )
    .add(
      HttpApiEndpoint.get("get", at.artifact)
        .setPath(Schema.Struct({ id: Schema.String, step: Schema.String }))
        .addSuccess(Schema.Unknown)
        .addError(EndpointErrors.ArtifactError)
        .annotateContext(doc("artifact", "The output of one call of a step, such as forecast or forecast#2."))
    )
    .add(
      HttpApiEndpoint.get("output", at.output)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(HttpApiSchema.Uint8Array({ contentType: "application/octet-stream" }))
        .addError(EndpointErrors.ArtifactError)
        .annotateContext(doc("output", "The outputs of a run that are bytes, with their content type."))
    )

export const sessions = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("sessions")
    .add(
      HttpApiEndpoint.get("list", at.sessions)
        .setUrlParams(Sessions.SessionsQuery)
        .addSuccess(Sessions.SessionPage)
        .addError(EndpointErrors.SessionsError)
        .annotateContext(doc("sessions", "Sessions, in the order of their ids."))
    )
    .add(
      HttpApiEndpoint.get("get", at.session)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Sessions.SessionRecord)
        .addError(EndpointErrors.SessionError)
        .annotateContext(doc("session", "One session with its states."))
    )
    .add(
      HttpApiEndpoint.del("delete", at.deleteSession)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(HttpApiSchema.NoContent)
        .addError(EndpointErrors.SessionError)
        .annotateContext(doc("deleteSession", "Remove a session with its states; its runs stay on record."))
    )
