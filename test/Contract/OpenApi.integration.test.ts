// The OpenAPI document under the tools that people use on it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import SwaggerParser from "@apidevtools/swagger-parser"
import { assert, describe, it, layer } from "@effect/vitest"
import { createConfig, lintFromString } from "@redocly/openapi-core"
import { Ajv2020 } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { Effect, Schema } from "effect"
import { Pipeline, Settings } from "effect-deployers"
import { Api } from "effect-deployers/Server"
import type { OpenAPI } from "openapi-types"
import openapiTypescript, { astToString } from "openapi-typescript"
import ts from "typescript"
import { key, request, served } from "../Server/Harness.js"

class UnknownCity extends Schema.TaggedError<UnknownCity>()("UnknownCity", { city: Schema.String }) {}
class Crowded extends Schema.TaggedError<Crowded>()("Crowded", { waiting: Schema.Int }) {}

/** Every kind of schema that has a JSON form, in inputs, outputs and failures. */
const forecast = Pipeline.make("forecast", {
  description: "The weather of tomorrow.",
  input: Schema.Struct({
    city: Schema.String,
    unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const }),
    day: Schema.optional(Schema.Date),
    anything: Schema.optional(Schema.Unknown),
    several: Schema.optional(Schema.Array(Schema.Union(Schema.Number, Schema.String))),
    map: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
  }),
  output: Schema.Struct({
    summary: Schema.String,
    celsius: Schema.Number,
    raw: Schema.Unknown,
    any: Schema.optional(Schema.Object)
  }),
  error: Schema.Union(UnknownCity, Crowded),
  run: ({ city }) => {
    if (city === "Atlantis") return new UnknownCity({ city })
    if (city === "Rome") return new Crowded({ waiting: 3 })
    if (city === "bug") return Effect.die("a bug")
    return Effect.succeed({ summary: city, celsius: 4, raw: [1, { a: null }] })
  }
})

const serving = Schema.decodeSync(Settings.Serving)({})
const documents = {
  "with a key": Api.toOpenApi(forecast, serving),
  "without a key": Api.toOpenApi(forecast, serving, { authEnabled: false }),
  "of moved and disabled paths": Api.toOpenApi(forecast, {
    ...serving,
    rootUrlPath: "/apps/forecast",
    disabledEndpoints: ["metrics", "page"]
  }),
  "without records": Api.toOpenApi(forecast, { ...serving, recording: "none" })
}

for (const [which, document] of Object.entries(documents)) {
  describe(`the document ${which}`, () => {
    it("passes the recommended rules of Redocly", async () => {
      const config = await createConfig({ extends: ["recommended"] })
      const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: "openapi.json", config })
      const found = problems.map(({ location, message, ruleId }) => `${ruleId} ${location[0]?.pointer} ${message}`)
      // The author of a pipeline chooses its license.
      assert.deepStrictEqual(
        found.filter((problem) => !problem.startsWith("info-license")),
        []
      )
    })
    it("is valid for Swagger Parser, with every reference resolved", async () => {
      const copy: unknown = JSON.parse(JSON.stringify(document))
      const api = await SwaggerParser.validate(copy as OpenAPI.Document)
      assert.strictEqual(api.info.title, "forecast")
    })
  })
}

describe("the answers of a service", () => {
  const validatorOf = (path: string, method: "get" | "post", status: number) => {
    const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true })
    formats.default(ajv)
    ajv.addVocabulary(["openapi", "info", "servers", "security", "tags", "paths", "components"])
    ajv.addSchema(documents["with a key"], "openapi")
    const pointer = ["paths", path, method, "responses", String(status), "content", "application/json", "schema"]
      .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")))
      .join("/")
    const validate = ajv.compile({ $ref: `openapi#/${pointer}` })
    return (value: unknown) => (validate(value) ? [] : (validate.errors ?? []))
  }
  const authorized = { authorization: `Bearer ${key}` }
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    request("/invoke", { json: body, headers: { ...authorized, ...headers } })

  layer(served(forecast, { key, serving: { maxBodyBytes: 1_000 } }), { excludeTestServices: true })((it) => {
    for (const [what, status, body, headers] of [
      ["outputs", 200, { parameters: { city: "Oslo" } }],
      ["missing parameters", 400, { parameters: {} }],
      ["a missing key", 401, { parameters: { city: "Oslo" } }, { authorization: "" }],
      ["a large body", 413, { parameters: { city: "x".repeat(2_000) } }],
      ["another content type", 415, { parameters: {} }, { "content-type": "text/plain" }],
      ["a typed failure", 422, { parameters: { city: "Atlantis" } }],
      ["another typed failure", 422, { parameters: { city: "Rome" } }],
      ["a bug", 500, { parameters: { city: "bug" } }]
    ] as const) {
      it.effect(`fit their schemas: ${what}`, () =>
        Effect.gen(function* () {
          const answer = yield* post(body, headers)
          assert.strictEqual(answer.status, status, answer.text)
          assert.deepStrictEqual(validatorOf("/invoke", "post", status)(answer.json), [])
        })
      )
    }
    it.effect("fit their schemas: everything that is read", () =>
      Effect.gen(function* () {
        const { json } = yield* post({ parameters: { city: "Oslo" } })
        const read = [
          ["/runs", "/runs?limit=2", 200],
          ["/runs", "/runs?limit=0", 400],
          ["/runs/{id}", `/runs/${json.metadata.runId}`, 200],
          ["/runs/{id}", "/runs/0", 404],
          ["/health", "/health", 200],
          ["/health/live", "/health/live", 200],
          ["/info", "/info", 200]
        ] as const
        for (const [path, asked, status] of read) {
          const answer = yield* request(asked, { headers: authorized })
          assert.strictEqual(answer.status, status, asked)
          assert.deepStrictEqual(validatorOf(path, "get", status)(answer.json), [], asked)
        }
      })
    )
    it.effect("are refused by a schema of another answer", () =>
      Effect.gen(function* () {
        const { json } = yield* post({ parameters: { city: "Oslo" } })
        assert.isNotEmpty(validatorOf("/invoke", "post", 422)(json))
        assert.isNotEmpty(validatorOf("/runs/{id}", "get", 200)(json))
      })
    )
  })
})

/** As one writes it: no casts, no checks of what the document promises. */
const program = `
import createClient from "openapi-fetch"
import type { paths } from "./schema.js"

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8000", headers: { Authorization: "Bearer KEY" } })

export const main = async (): Promise<string> => {
  const { data, error } = await client.POST("/invoke", { body: { parameters: { city: "Oslo", unit: "F" } } })
  if (error) {
    switch (error._tag) {
      case "UnknownCity":
        return error.error.city
      case "Crowded":
        return error.error.waiting.toFixed()
      case "InvalidRequest":
        return error.issues.map(({ path, reason }) => path + ": " + reason).join()
      case "TooManyRuns":
        return "again in " + error.retryAfterSeconds.toFixed() + " s"
      default:
        return error.message
    }
  }
  const warm: number = data.outputs.celsius
  const page = await client.GET("/runs", { params: { query: { limit: 5, status: "failed" } } })
  const names = page.data?.runs.map(({ name, startedAt }) => name + startedAt) ?? []
  const found = await client.GET("/runs/{id}", { params: { path: { id: data.metadata.runId } } })
  if (found.error) return found.error._tag
  const info = await client.GET("/info")
  return [data.outputs.summary, warm.toFixed(1), found.data.status, info.data?.deployment.name, ...names].join()
}
`

/** The errors of the program, compiled against the types of the document. */
const compile = async (source: string): Promise<ReadonlyArray<string>> => {
  const ast = await openapiTypescript(JSON.stringify(documents["with a key"]))
  const folder = mkdtempSync(join(process.cwd(), "test", "Contract", "openapi-"))
  try {
    writeFileSync(join(folder, "schema.d.ts"), astToString(ast))
    writeFileSync(join(folder, "program.ts"), source)
    const compiled = ts.createProgram([join(folder, "program.ts")], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      types: [],
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"]
    })
    return ts
      .getPreEmitDiagnostics(compiled)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe("a client that is generated from the document", () => {
  it("compiles a natural program without a cast", async () => {
    assert.deepStrictEqual(await compile(program), [])
  })
  it("refuses what the document refuses", async () => {
    assert.match((await compile(program.replace("limit: 5", 'limit: "5"')))[0] ?? "", /not assignable to type 'number'/)
  })
})
