/** The endpoints of everything that starts runs by itself, and of the webhooks that follow them. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Schema from "effect/Schema"
import * as EndpointErrors from "../EndpointErrors.js"
import { ServiceUnavailable } from "../Errors.js"
import * as Responses from "../Responses.js"
import * as Schedules from "../Schedules.js"
import * as Triggers from "../Triggers.js"
import * as Webhooks from "../Webhooks.js"
import type { Documentation, Paths } from "./Documentation.js"

export const schedules = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("schedules")
    .add(
      HttpApiEndpoint.get("list", at.schedules)
        .addSuccess(Schedules.ScheduleList)
        .addError(ServiceUnavailable)
        .annotateContext(doc("schedules", "The schedules of the pipeline with their last firings."))
    )
    .add(
      HttpApiEndpoint.post("pause", at.pauseSchedule)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Schedules.ScheduleStatus)
        .addError(EndpointErrors.ScheduleError)
        .annotateContext(doc("pauseSchedule", "Start no runs by a schedule until it is resumed."))
    )
    .add(
      HttpApiEndpoint.post("resume", at.resumeSchedule)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Schedules.ScheduleStatus)
        .addError(EndpointErrors.ScheduleError)
        .annotateContext(doc("resumeSchedule", "Start runs by a schedule again, from its next time on."))
    )
    .add(
      HttpApiEndpoint.post("fire", at.fireSchedule)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Responses.Accepted, { status: 202 })
        .addError(EndpointErrors.ScheduleError)
        .annotateContext(doc("fireSchedule", "Start a run of a schedule now."))
    )

export const triggers = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("triggers")
    .add(
      HttpApiEndpoint.get("list", at.triggers)
        .addSuccess(Triggers.TriggerList)
        .addError(ServiceUnavailable)
        .annotateContext(doc("triggers", "The triggers of the pipeline."))
    )
    .add(
      HttpApiEndpoint.post("pause", at.pauseTrigger)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Triggers.TriggerStatus)
        .addError(EndpointErrors.TriggerError)
        .annotateContext(doc("pauseTrigger", "Take no messages by a trigger until it is resumed."))
    )
    .add(
      HttpApiEndpoint.post("resume", at.resumeTrigger)
        .setPath(Schema.Struct({ name: Schema.String }))
        .addSuccess(Triggers.TriggerStatus)
        .addError(EndpointErrors.TriggerError)
        .annotateContext(doc("resumeTrigger", "Take messages by a trigger again."))
    )

export const webhooks = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("webhooks")
    .add(
      HttpApiEndpoint.get("list", at.webhooks)
        .setUrlParams(Webhooks.WebhooksQuery)
        .addSuccess(Webhooks.WebhookPage)
        .addError(EndpointErrors.WebhooksError)
        .annotateContext(doc("webhooks", "The webhooks of the service, and deliveries, newest first."))
    )
    .add(
      HttpApiEndpoint.post("retry", at.retryWebhook)
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Webhooks.WebhookDelivery)
        .addError(EndpointErrors.WebhookError)
        .annotateContext(doc("retryWebhook", "Send a delivery again, with all its attempts."))
    )
