/** The endpoints of the service itself. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../Errors.js"
import * as Proof from "../Proof.js"
import * as Responses from "../Responses.js"
import type { Documentation, Paths } from "./Documentation.js"

export const health = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("health")
    .add(
      HttpApiEndpoint.get("health", at.health)
        .addSuccess(Responses.Health)
        .addError(Responses.Unhealthy)
        .annotateContext(doc("health", "Whether the service takes runs, and why not."))
    )
    .add(
      HttpApiEndpoint.get("live", at.live)
        .addSuccess(Responses.Health)
        .annotateContext(doc("live", "Answers as long as the process does."))
    )
    .add(
      HttpApiEndpoint.get("ready", at.ready)
        .addSuccess(Responses.Health)
        .addError(Responses.Unhealthy)
        .annotateContext(doc("ready", "Whether the service takes runs."))
    )

export const service = (at: Paths, doc: Documentation) =>
  HttpApiGroup.make("service")
    .add(
      HttpApiEndpoint.get("info", at.info)
        .addSuccess(Responses.Info)
        .annotateContext(doc("info", "What is deployed here."))
    )
    .add(
      HttpApiEndpoint.get("metrics", at.metrics)
        .addSuccess(HttpApiSchema.Text())
        .annotateContext(doc("metrics", "Counters and gauges in Prometheus text format."))
    )
    .add(
      HttpApiEndpoint.get("openApi", at.openApi)
        .addSuccess(Schema.Unknown)
        .annotateContext(doc("openApi", "This document."))
    )
    .add(
      HttpApiEndpoint.get("docs", at.docs)
        .addSuccess(HttpApiSchema.Text({ contentType: "text/html" }))
        .annotateContext(doc("docs", "An interactive page made from the OpenAPI document."))
    )
    .add(
      HttpApiEndpoint.get("proof", at.proof)
        .setUrlParams(Proof.Challenge)
        .addSuccess(Proof.Proof)
        .addError(InvalidRequest)
        .annotateContext(
          doc("proof", "Proves to a caller that this is the deployment, before the caller sends its key.")
        )
    )
    .add(
      HttpApiEndpoint.get("root", at.root)
        .addSuccess(HttpApiSchema.Text({ contentType: "text/html" }))
        .annotateContext(doc("root", "The deployment's page: try it, recent runs, live charts."))
    )

/** It is in no document: its messages are those of another protocol, which describes its tools itself. */
export const mcp = (at: Paths) =>
  HttpApiGroup.make("mcp").add(
    HttpApiEndpoint.post("mcp", at.mcp)
      .addSuccess(Schema.Unknown)
      .annotateContext(OpenApi.annotations({ exclude: true }))
  )
