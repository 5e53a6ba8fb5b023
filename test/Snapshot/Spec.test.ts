import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline, Snapshot } from "effect-deployers"
import { weather } from "../../examples/weather.js"

const withInput = (input: Schema.Schema.AnyNoContext) =>
  Pipeline.make("p", { input, output: Schema.Void, run: () => Effect.void })

const refusal = (input: Schema.Schema.AnyNoContext) =>
  Effect.map(Effect.flip(Snapshot.compile(withInput(input))), ({ path, reason }) => ({ path, reason }))

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}

describe("Snapshot.compile", () => {
  it.effect("describes a pipeline by the JSON Schemas of what callers send and receive", () =>
    Effect.gen(function* () {
      const spec = yield* Snapshot.compile(weather)
      expect(spec.name).toBe("weather")
      expect(spec.description).toBe("Says how warm it is in a city.")
      expect(spec.input).toStrictEqual({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        required: ["city"],
        properties: { city: { type: "string" }, unit: { type: "string", enum: ["C", "F"], default: "C" } },
        additionalProperties: false
      })
      expect(spec.output).toMatchObject({ required: ["summary", "temperature"] })
      expect(spec.error).toMatchObject({ $ref: "#/$defs/CityUnknown", $defs: { CityUnknown: { type: "object" } } })
      expect(spec.serving).toStrictEqual({})
    })
  )

  it.effect("leaves out what a pipeline does not have and keeps how it wants to be served", () =>
    Effect.gen(function* () {
      const spec = yield* Snapshot.compile(
        Pipeline.make("plain", {
          input: Schema.Struct({}),
          output: Schema.Void,
          settings: { maxConcurrency: 3 },
          run: () => Effect.void
        })
      )
      expect("error" in spec).toBe(false)
      expect("description" in spec).toBe(false)
      expect(spec.serving).toStrictEqual({ maxConcurrency: 3 })
    })
  )

  it.effect("describes the encoded side of transformations", () =>
    Effect.gen(function* () {
      const spec = yield* Snapshot.compile(withInput(Schema.Struct({ at: Schema.Date, n: Schema.NumberFromString })))
      expect(spec.input).toMatchObject({ properties: { at: { $ref: expect.any(String) } } })
      expect(JSON.stringify(spec.input)).toContain('"type":"string"')
    })
  )

  it.effect("names the field that has no JSON form", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Snapshot.compile(
          withInput(Schema.Struct({ city: Schema.String, when: Schema.Struct({ at: Schema.BigIntFromSelf }) }))
        )
      )
      expect(error._tag).toBe("PipelineSchemaUnsupported")
      expect(error.message).toBe(
        'The field "when.at" of the input schema of pipeline "p" has no JSON form: bigint is not JSON. Use a schema whose encoded side is JSON.'
      )
    })
  )

  it.effect("finds the field inside lists, records, unions, options and refinements", () =>
    Effect.gen(function* () {
      const bad = Schema.SymbolFromSelf
      expect(yield* refusal(Schema.Struct({ a: Schema.Array(bad) }))).toMatchObject({ path: "a.*" })
      expect(yield* refusal(Schema.Struct({ a: Schema.Tuple(Schema.String, bad) }))).toMatchObject({ path: "a.1" })
      expect(yield* refusal(Schema.Struct({ a: Schema.Record({ key: Schema.String, value: bad }) }))).toMatchObject({
        path: "a.*"
      })
      expect(yield* refusal(Schema.Struct({ a: Schema.Union(Schema.String, bad) }))).toMatchObject({ path: "a" })
      expect(
        yield* refusal(Schema.Struct({ ok: Schema.optional(Schema.String), a: Schema.optional(bad) }))
      ).toMatchObject({ path: "a" })
      expect(
        yield* refusal(Schema.Struct({ a: Schema.Struct({ b: bad }).pipe(Schema.filter(() => true)) }))
      ).toMatchObject({ path: "a.b" })
      expect(yield* refusal(bad)).toStrictEqual({ path: "", reason: "symbol is not JSON" })
    })
  )

  it.effect("asks for an identifier of a recursive schema, and takes one that has it", () =>
    Effect.gen(function* () {
      const node = { name: Schema.String }
      const Anonymous: Schema.Schema<Tree> = Schema.Struct({
        ...node,
        children: Schema.Array(Schema.suspend(() => Anonymous))
      })
      const Named: Schema.Schema<Tree> = Schema.Struct({
        ...node,
        children: Schema.Array(Schema.suspend(() => Named))
      }).annotations({ identifier: "Tree" })
      expect(yield* refusal(Anonymous)).toStrictEqual({
        path: "children.*",
        reason: 'a schema that contains itself needs an "identifier" annotation'
      })
      expect((yield* Snapshot.compile(withInput(Named))).input).toMatchObject({ $ref: "#/$defs/Tree" })
    })
  )

  it.effect("says which schema it is", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Snapshot.compile(
          Pipeline.make("p", {
            input: Schema.Void,
            output: Schema.Undefined,
            run: () => Effect.as(Effect.void, undefined)
          })
        )
      )
      expect(error.message).toBe(
        'The output schema of pipeline "p" has no JSON form: undefined is not JSON. Use a schema whose encoded side is JSON.'
      )
    })
  )
})
