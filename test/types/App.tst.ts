import { HttpApiEndpoint, HttpApiGroup, HttpRouter, HttpServerResponse } from "@effect/platform"
import { Context, Effect, Layer, Schema } from "effect"
import { App, Client, Pipeline } from "effect-deployers"
import { describe, expect, it } from "tstyche"

class Model extends Context.Tag("Model")<Model, string>() {}
class Cache extends Context.Tag("Cache")<Cache, string>() {}
class Boom extends Schema.TaggedError<Boom>()("Boom", {}) {}

const group = HttpApiGroup.make("models")
  .add(HttpApiEndpoint.get("current", "/model").addSuccess(Schema.String).addError(Boom))
  .add(HttpApiEndpoint.get("other", "/other").addSuccess(Schema.Number))

const handled = App.endpoints(group, (handlers) =>
  handlers.handle("current", () => Model).handle("other", () => Effect.succeed(1))
)
const cached = App.routes(HttpRouter.empty.pipe(HttpRouter.get("/", Effect.map(Cache, HttpServerResponse.text))))

const pipeline = Pipeline.make("p", {
  input: Schema.Struct({ x: Schema.NumberFromString }),
  output: Schema.Struct({ at: Schema.Date }),
  error: Boom,
  run: () => Effect.fail(new Boom())
})

const deployable = (pipeline: Pipeline.Any) => pipeline.name

describe("Pipeline.group", () => {
  const needy = Pipeline.make("needy", { input: Schema.Void, output: Schema.String, run: () => Model })
  const needier = Pipeline.make("needier", { input: Schema.Void, output: Schema.String, run: () => Cache })
  it("keeps what its pipelines still need", () => {
    expect(Pipeline.group("all", [pipeline, needy, needier])).type.toBe<Pipeline.Group<Model | Cache>>()
    expect(deployable).type.not.toBeCallableWith(Pipeline.group("all", [pipeline, needy]))
    const provided = needy.pipe(Pipeline.provide(Layer.succeed(Model, "m")))
    expect(deployable).type.toBeCallableWith(Pipeline.group("all", [pipeline, provided]))
    expect(deployable).type.toBeCallableWith(
      Pipeline.group("all", [pipeline, needy]).pipe(Pipeline.provide(Layer.succeed(Model, "m")))
    )
  })
})

describe("App", () => {
  it("keeps what its parts still need", () => {
    expect(handled).type.toBe<App.App<Model>>()
    expect(cached).type.toBe<App.App<Cache>>()
    expect(App.make(handled, cached)).type.toBe<App.App<Model | Cache>>()
    expect(App.middleware((app) => Effect.zipRight(Cache, app))).type.toBe<App.App<Cache>>()
    expect(App.middleware((app) => app)).type.toBe<App.App>()
    expect(App.layer(Layer.effectDiscard(Model))).type.toBe<App.App<Model>>()
  })
  it("gives its requirements to its pipeline", () => {
    const open = pipeline.pipe(Pipeline.withApp(App.make(handled, cached)))
    expect(open).type.toBe<
      Pipeline.Pipeline<typeof pipeline.input, typeof pipeline.output, typeof Boom, Model | Cache>
    >()
    expect(deployable).type.not.toBeCallableWith(open)
    const provided = open.pipe(Pipeline.provide(Layer.merge(Layer.succeed(Model, "m"), Layer.succeed(Cache, "c"))))
    expect(deployable).type.toBeCallableWith(provided)
  })
  it("has a handler for each endpoint", () => {
    expect(App.endpoints).type.not.toBeCallableWith(group, (handlers: never) => handlers)
  })
  it("runs a pipeline with its types", () => {
    const run = App.invoke(pipeline, { x: "1" })
    expect<Effect.Effect.Success<typeof run>>().type.toBe<{ readonly at: Date }>()
    expect<Extract<Effect.Effect.Error<typeof run>, { _tag: "Boom" }>>().type.toBe<Boom>()
    expect<Effect.Effect.Context<typeof run>>().type.toBe<App.Invoker>()
  })
  it("has a typed client", () => {
    const client = Client.endpoints(group, { url: "http://127.0.0.1:1" })
    type Methods = Effect.Effect.Success<typeof client>
    expect<keyof Methods>().type.toBe<"current" | "other">()
    const current = (methods: Methods) => methods.current({})
    expect<Effect.Effect.Success<ReturnType<typeof current>>>().type.toBe<string>()
    expect<Extract<Effect.Effect.Error<ReturnType<typeof current>>, { _tag: "Boom" }>>().type.toBe<Boom>()
    expect<Effect.Effect.Context<ReturnType<typeof current>>>().type.toBe<never>()
  })
})
