// The parts of an invocation that its schemas do not show, in the OpenAPI document.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Input, Pipeline, Settings } from "effect-deployers"
import { Api } from "effect-deployers/Server"

const serving = Schema.decodeSync(Settings.Serving)({})

/** A part of the invocation in the document of a pipeline. */
const at = (pipeline: Pipeline.Any, path: ReadonlyArray<string>): unknown =>
  ["paths", "/invoke", "post", ...path].reduce(
    (value: unknown, name) => (value as Record<string, unknown> | undefined)?.[name],
    Api.toOpenApi(pipeline, serving)
  )

const files = Pipeline.make("files", {
  input: Schema.Struct({
    image: Input.file({ maxBytes: 1_000, contentTypes: ["image/png"], description: "The photo." }),
    pages: Schema.optional(Schema.Array(Input.file({ maxBytes: 10 }))),
    width: Schema.Int
  }),
  output: Schema.Void,
  run: () => Effect.void
})

describe("the document of a pipeline with files", () => {
  it("has a form beside JSON, with a binary part for each file", () => {
    const form = ["requestBody", "content", "multipart/form-data"]
    const properties = at(files, [...form, "schema", "properties"]) as Record<string, unknown>
    const binary = { type: "string", format: "binary" }
    assert.deepStrictEqual(properties["image"], binary)
    assert.deepStrictEqual(properties["pages"], { type: "array", items: binary })
    assert.deepStrictEqual(properties["width"], { $ref: "#/components/schemas/Int" })
    assert.deepStrictEqual(at(files, [...form, "encoding"]), { image: { contentType: "image/png" } })
  })

  it("has the limits of a file in JSON", () => {
    const json = ["requestBody", "content", "application/json", "schema", "properties", "parameters", "properties"]
    const image = at(files, [...json, "image"]) as Record<string, unknown>
    assert.deepStrictEqual(image["x-file"], { maxBytes: 1_000, contentTypes: ["image/png"] })
    assert.strictEqual(image["description"], "The photo.")
  })
})

describe("the document of a pipeline that streams", () => {
  const numbers = Pipeline.stream("numbers", {
    input: Schema.Struct({}),
    output: Schema.Struct({ n: Schema.Number }),
    run: () => Stream.make({ n: 1 })
  })

  it("has the element of events and of lines", () => {
    const element = at(numbers, ["x-stream", "text/event-stream", "schema"]) as Record<string, unknown>
    assert.deepStrictEqual(element["required"], ["n"])
    assert.property(at(numbers, ["x-stream"]), "application/x-ndjson")
    assert.include(String(at(numbers, ["description"])), "application/x-ndjson")
    assert.isUndefined(at(files, ["x-stream"]))
  })
})
