// The weather example as people serve it without the library: its schemas and its step in an HttpApi of the platform.
import { createServer } from "node:http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"

class CityUnknown extends Schema.TaggedError()(
  "CityUnknown",
  { city: Schema.String },
  HttpApiSchema.annotations({ status: 404 })
) {}

const Input = Schema.Struct({
  city: Schema.String,
  unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" })
})
const Output = Schema.Struct({ summary: Schema.String, temperature: Schema.Number })

const forecast = ({ city }) =>
  city.toLowerCase() === "atlantis"
    ? Effect.fail(new CityUnknown({ city }))
    : Effect.succeed({ celsius: (city.length * 7) % 40 })

const weather = ({ city, unit }) =>
  Effect.gen(function* () {
    const { celsius } = yield* forecast({ city })
    const temperature = unit === "C" ? celsius : Math.round((celsius * 9) / 5 + 32)
    return { summary: `${city}: ${temperature}°${unit}`, temperature }
  })

const api = HttpApi.make("weather").add(
  HttpApiGroup.make("runs").add(
    HttpApiEndpoint.post("invoke", "/invoke")
      .setPayload(Schema.Struct({ parameters: Input }))
      .addSuccess(Output)
      .addError(CityUnknown)
  )
)

const Runs = HttpApiBuilder.group(api, "runs", (handlers) =>
  handlers.handle("invoke", ({ payload }) => weather(payload.parameters))
)

HttpApiBuilder.serve().pipe(
  Layer.provide(HttpApiBuilder.api(api).pipe(Layer.provide(Runs))),
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: Number(process.env.PORT) })),
  Layer.launch,
  NodeRuntime.runMain
)
