import { Context, Effect, Layer, Schedule, Schema, Stream } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { describe, expect, it } from "tstyche"

class Model extends Context.Tag("Model")<Model, { readonly predict: (x: number) => number }>() {}
class Boom extends Schema.TaggedError<Boom>()("Boom", {}) {}

const open = Pipeline.make("predict", {
  input: Schema.Struct({ x: Schema.Number, y: Schema.optionalWith(Schema.Number, { default: () => 1 }) }),
  output: Schema.Struct({ y: Schema.Number }),
  error: Boom,
  run: ({ x, y }) => Effect.map(Model, (model) => ({ y: model.predict(x + y) }))
})
const ModelLive = Layer.succeed(Model, { predict: (x) => x })

const deployable = (pipeline: Pipeline.Any) => pipeline.name

describe("Pipeline", () => {
  it("keeps what it still needs in its type", () => {
    expect(open).type.toBe<Pipeline.Pipeline<typeof open.input, typeof open.output, typeof Boom, Model>>()
    expect(open.pipe(Pipeline.provide(ModelLive))).type.toBe<
      Pipeline.Pipeline<typeof open.input, typeof open.output, typeof Boom, never>
    >()
    expect(Pipeline.provide(open, ModelLive)).type.toBe<
      Pipeline.Pipeline<typeof open.input, typeof open.output, typeof Boom, never>
    >()
  })
  it("cannot be deployed with open requirements", () => {
    expect(deployable).type.not.toBeCallableWith(open)
    expect(deployable).type.toBeCallableWith(Pipeline.provide(open, ModelLive))
  })
  it("infers parameters, outputs and failures", () => {
    expect<Pipeline.Parameters<typeof open>>().type.toBe<{ readonly x: number; readonly y?: number | undefined }>()
    expect<Pipeline.Outputs<typeof open>>().type.toBe<{ readonly y: number }>()
    expect<Pipeline.Failure<typeof open>>().type.toBe<Boom | Step.StepTimedOut>()
  })
  it("streams elements: the outputs are their list, and the stream has the failures and the requirements", () => {
    const Element = Schema.Struct({ at: Schema.Date })
    const streaming = Pipeline.stream("p", {
      input: Schema.Struct({ x: Schema.Number }),
      output: Element,
      error: Boom,
      run: ({ x }) =>
        Stream.mapEffect(Stream.make(x), (x) =>
          Effect.flatMap(Model, (model) =>
            model.predict(x) > 1 ? Effect.fail(new Boom()) : Effect.succeed({ at: new Date() })
          )
        )
    })
    expect(streaming).type.toBe<
      Pipeline.Pipeline<typeof streaming.input, Pipeline.Elements<typeof Element>, typeof Boom, Model>
    >()
    expect(Pipeline.provide(streaming, ModelLive).output.element).type.toBe<typeof Element>()
    expect<Pipeline.Outputs<typeof streaming>>().type.toBe<ReadonlyArray<{ readonly at: Date }>>()
    expect(Pipeline.stream).type.not.toBeCallableWith("p", {
      input: Schema.Struct({}),
      output: Schema.Number,
      run: () => Stream.make("text")
    })
    expect(Pipeline.stream).type.not.toBeCallableWith("p", {
      input: Schema.Struct({}),
      output: Schema.Number,
      run: () => Stream.fail(new Boom())
    })
  })
  it("types its check: encoded parameters, a part of the encoded outputs, and the services of an Effect", () => {
    const io = {
      input: Schema.Struct({ at: Schema.DateFromString }),
      output: Schema.Struct({ a: Schema.Number, b: Schema.NumberFromString })
    }
    const run = () => Effect.succeed({ a: 1, b: 2 })
    const checked = (
      check: Pipeline.CheckOptions<typeof io.input, typeof io.output, typeof Schema.Never, never, never>
    ) => check
    expect(checked).type.toBeCallableWith({ input: { at: "2026-01-01" }, expect: { b: "2" }, timeout: "1 second" })
    expect(checked).type.not.toBeCallableWith({ input: { at: new Date() } })
    expect(checked).type.not.toBeCallableWith({ input: { at: "2026-01-01" }, expect: { c: 1 } })
    expect(checked).type.not.toBeCallableWith({ input: { at: "2026-01-01" }, run: () => Effect.void })
    const needy = Pipeline.make("p", {
      ...io,
      run,
      check: {
        run: (invoke) =>
          Effect.gen(function* () {
            const { b } = yield* invoke({ at: new Date() })
            expect(b).type.toBe<number>()
            return yield* Model
          })
      }
    })
    expect(needy).type.toBe<Pipeline.Pipeline<typeof io.input, typeof io.output, typeof Schema.Never, Model>>()
    expect(deployable).type.toBeCallableWith(Pipeline.provide(needy, ModelLive))
  })
  it("refuses an undeclared failure", () => {
    const io = { input: Schema.Void, output: Schema.Void }
    const make = Pipeline.make<typeof Schema.Void, typeof Schema.Void>
    expect(make).type.not.toBeCallableWith("undeclared", { ...io, run: () => Effect.fail(new Boom()) })
    expect(make).type.toBeCallableWith("declared", { ...io, run: () => Effect.void })
  })
})

describe("Step", () => {
  const io = { input: Schema.Struct({ a: Schema.String }), output: Schema.Number }
  it("is a function with the run's type", () => {
    const step = Step.make("s", { ...io, run: ({ a }) => Effect.succeed(a.length) })
    expect(step).type.toBe<Step.Step<{ readonly a: string }, number, never, never>>()
  })
  it("adds the timeout failure only with a timeout", () => {
    const step = Step.make("s", {
      ...io,
      timeout: "1 second",
      retry: Schedule.recurs(1),
      run: ({ a }) => (a === "" ? Effect.fail(new Boom()) : Effect.succeed(a.length))
    })
    expect(step).type.toBe<Step.Step<{ readonly a: string }, number, Boom | Step.StepTimedOut, never>>()
  })
  it("keeps requirements", () => {
    const step = Step.make("s", { ...io, run: ({ a }) => Effect.map(Model, (m) => m.predict(a.length)) })
    expect(step).type.toBe<Step.Step<{ readonly a: string }, number, never, Model>>()
  })
})
