// Stock @effect/platform: HttpApi on NodeHttpServer, security by HttpApiSecurity.bearer. With a database it stores each
// run with @effect/sql in a transaction of its own before it answers. It is bundled and minified as ours is.
import { createServer } from "node:http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  HttpApiSecurity,
  HttpServer
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as Medium from "../pipelines/medium-schemas.ts"
import * as Small from "../pipelines/small-schemas.ts"
import * as Work from "../pipelines/work.ts"
import { announce, isAuthorized } from "./common.mjs"
import { Recorder } from "./sql-rows.mjs"

const [name = "small", database] = process.argv.slice(2)

const performs = {
  small: ({ name: given }) =>
    Effect.gen(function* () {
      const normalised = yield* Effect.succeed(Work.normalise(given))
      const greeted = yield* Effect.succeed(Work.greet(normalised.name))
      return [
        ["normalise", normalised],
        ["greet", greeted]
      ]
    }),
  medium: ({ customer, orderId, records }) =>
    Effect.gen(function* () {
      const priced = yield* Effect.succeed(Work.price(records))
      const summary = yield* Effect.succeed(Work.summarise(priced, { customer, orderId }))
      return [
        ["price", priced],
        ["summarise", summary]
      ]
    })
}
const { Input, Output } = { small: Small, medium: Medium }[name]
const perform = performs[name]

class Unauthorized extends Schema.TaggedError()("Unauthorized", {}, HttpApiSchema.annotations({ status: 401 })) {}

class Bearer extends HttpApiMiddleware.Tag()("Bearer", {
  failure: Unauthorized,
  security: { bearer: HttpApiSecurity.bearer }
}) {}

const BearerLive = Layer.succeed(
  Bearer,
  Bearer.of({
    bearer: (key) => (isAuthorized(`Bearer ${Redacted.value(key)}`) ? Effect.void : Effect.fail(new Unauthorized()))
  })
)

const api = HttpApi.make("bench").add(
  HttpApiGroup.make("runs").add(
    HttpApiEndpoint.post("invoke", "/invoke")
      .setPayload(Schema.Struct({ parameters: Input }))
      .addSuccess(Schema.Struct({ success: Schema.Boolean, outputs: Output, runId: Schema.optional(Schema.String) }))
      .middleware(Bearer)
  )
)

const RunsLive = HttpApiBuilder.group(api, "runs", (handlers) =>
  Effect.map(Recorder, (record) =>
    handlers.handle("invoke", ({ payload: { parameters } }) =>
      Effect.gen(function* () {
        const startedAt = Date.now()
        const steps = yield* perform(parameters)
        const answer = { success: true, outputs: steps[1][1] }
        const runId = yield* record(parameters, steps, startedAt)
        return runId === undefined ? answer : { ...answer, runId }
      })
    )
  )
)

const Announced = Layer.effectDiscard(
  Effect.map(HttpServer.HttpServer, ({ address }) => announce(address._tag === "TcpAddress" ? address.port : 0))
)

HttpApiBuilder.serve().pipe(
  Layer.provideMerge(HttpApiBuilder.api(api).pipe(Layer.provide(RunsLive), Layer.provide(BearerLive))),
  Layer.merge(Announced),
  Layer.provide(database === undefined ? Recorder.none : Recorder.layer(database)),
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.launch,
  Effect.runFork
)
