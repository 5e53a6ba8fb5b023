import { Effect, Schema, Stream } from "effect"
import { Client, type Errors, File, Output, Pipeline, Run, type Step } from "effect-deployers"
import { describe, expect, it } from "tstyche"

class Boom extends Schema.TaggedError<Boom>()("Boom", {}) {}

const picture = Pipeline.make("picture", {
  input: Schema.Struct({ width: Schema.Int }),
  output: Output.bytes({ contentType: "image/png", name: "picture.png" }),
  error: Boom,
  run: ({ width }) => (width > 0 ? Effect.succeed(new Uint8Array(width)) : new Boom())
})

const report = Pipeline.make("report", {
  input: Schema.Struct({}),
  output: Output.file({ contentType: "text/csv" }),
  run: () => File.fromBytes(new Uint8Array())
})

describe("Output.bytes", () => {
  it("is a schema of bytes, whose JSON is their description", () => {
    expect<Pipeline.Outputs<typeof picture>>().type.toBe<Uint8Array>()
    expect<Schema.Schema.Encoded<typeof picture.output>>().type.toBe<Output.Reference>()
    expect<Output.Reference["path"]>().type.toBe<string | undefined>()
  })
  it("needs a content type, and a program that returns bytes", () => {
    expect(Output.bytes).type.not.toBeCallableWith({})
    expect(Output.bytes).type.not.toBeCallableWith({ contentType: "image/png", maxBytes: 1 })
    const options = { input: Schema.Struct({}), output: Output.bytes({ contentType: "image/png" }) }
    expect(Pipeline.make).type.not.toBeCallableWith("p", { ...options, run: () => Effect.succeed("text") })
    expect(Pipeline.make).type.not.toBeCallableWith("p", { ...options, run: () => File.fromBytes(new Uint8Array()) })
  })
})

describe("Output.file", () => {
  it("is a schema of files", () => {
    expect<Pipeline.Outputs<typeof report>>().type.toBe<File.File>()
    const options = { input: Schema.Struct({}), output: Output.file({ contentType: "text/csv" }) }
    expect(Pipeline.make).type.not.toBeCallableWith("p", { ...options, run: () => Effect.succeed(new Uint8Array()) })
  })
  it("has a file that a run writes, with the failures and the requirements of its stream", () => {
    const writing = Run.writeFile(Stream.fail(new Boom()), { contentType: "text/csv" })
    expect(writing).type.toBe<Effect.Effect<File.File, Boom>>()
    expect(Run.writeFile).type.not.toBeCallableWith(Stream.make("text"))
  })
})

describe("the typed client", () => {
  const ref = { url: "http://127.0.0.1:1" } as const
  it("gives bytes and files", () => {
    type Of<E> = E extends Effect.Effect<infer A, infer _E, infer _R> ? A : never
    const pictures = Client.make(picture, ref)
    expect<Of<ReturnType<typeof pictures.invoke>>>().type.toBe<Uint8Array>()
    expect<Of<ReturnType<typeof pictures.awaitRun>>>().type.toBe<Uint8Array>()
    const reports = Client.make(report, ref)
    expect<Of<ReturnType<typeof reports.invoke>>>().type.toBe<File.File>()
    expect<Of<ReturnType<typeof Client.invokeBinary<typeof ref>>>>().type.toBe<Client.Invocation<unknown>>()
  })
  it("has the failures of the pipeline", () => {
    const { invoke } = Client.make(picture, ref)
    expect<
      Extract<Effect.Effect.Error<ReturnType<typeof invoke>>, { readonly _tag: "Boom" | "StepTimedOut" }>
    >().type.toBe<Boom | Step.StepTimedOut>()
    expect<Errors.ArtifactNotFound>().type.toBeAssignableTo<Effect.Effect.Error<ReturnType<typeof Client.output>>>()
  })
})

describe("PipelineGroupInvalid", () => {
  it("names the group, the pipeline, and the part that cannot be in it", () => {
    expect<Errors.PipelineGroupInvalid["field"]>().type.toBe<"app" | "schedules">()
    expect<Errors.PipelineGroupInvalid["_tag"]>().type.toBe<"PipelineGroupInvalid">()
  })
})
