import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { FetchHttpClient, HttpApiSchema } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Layer, Redacted, Schema } from "effect"
import { Client, Errors, Pipeline, Step } from "effect-deployers"

class CityUnknown extends Schema.TaggedError<CityUnknown>()(
  "CityUnknown",
  { city: Schema.String },
  HttpApiSchema.annotations({ status: 404 })
) {}

const weather = Pipeline.make("weather", {
  input: Schema.Struct({ city: Schema.String, at: Schema.optional(Schema.Date) }),
  output: Schema.Struct({ celsius: Schema.NumberFromString }),
  error: CityUnknown,
  run: () => Effect.succeed({ celsius: 1 })
})

const key = "a-very-secret-key"

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly body: unknown
}

interface Canned {
  readonly status: number
  readonly body: unknown
  readonly headers?: Record<string, string>
}

const read = (request: IncomingMessage, done: (body: string) => void) => {
  let body = ""
  request.setEncoding("utf8").on("data", (text) => {
    body += text
  })
  request.once("end", () => done(body))
}

/** A server that answers everything the same way and remembers what it was asked; `hang` never answers. */
const serve = (answer: Canned | "hang") =>
  Effect.acquireRelease(
    Effect.async<{ readonly server: Server; readonly seen: Array<Seen>; readonly url: string }>((resume) => {
      const seen: Array<Seen> = []
      const server = createServer((request, response) =>
        read(request, (body) => {
          const { headers, method, url } = request
          seen.push({ method, url, authorization: headers.authorization, body: body === "" ? null : JSON.parse(body) })
          if (answer === "hang") return
          response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers })
          response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body))
        })
      )
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ server, seen, url: `http://127.0.0.1:${port}` }))
      })
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )

const direct = (url: string) => ({ url, authKey: Redacted.make(key), name: "weather", proof: "none" }) as const

const success = (outputs: unknown): Canned => ({
  status: 200,
  body: {
    success: true,
    outputs,
    executionTimeMillis: 4,
    metadata: {
      deploymentId: "d",
      deploymentName: "weather",
      snapshotId: "s",
      snapshotName: "weather@1",
      pipelineName: "weather",
      runId: "r",
      runIndex: 1,
      runName: "weather-1",
      parametersUsed: {}
    }
  }
})

const http = Effect.provide(FetchHttpClient.layer)

describe("Client.make", () => {
  it.scoped("returns decoded outputs and sends the key", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serve(success({ celsius: "12" }))
      const outputs = yield* Client.make(weather, direct(url)).invoke({ city: "Oslo" }, { runName: "first" })
      expect(outputs).toEqual({ celsius: 12 })
      expect(seen).toEqual([
        {
          method: "POST",
          url: "/invoke",
          authorization: `Bearer ${key}`,
          body: { parameters: { city: "Oslo" }, runName: "first" }
        }
      ])
    }).pipe(http)
  )

  it.scoped("returns the run with invokeDetailed", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(success({ celsius: "12" }))
      const run = yield* Client.make(weather, direct(url)).invokeDetailed({ city: "Oslo" })
      expect(run.metadata.runId).toBe("r")
      expect(run.executionTimeMillis).toBe(4)
    }).pipe(http)
  )

  it.scoped("fails with the typed failures of the pipeline", () =>
    Effect.gen(function* () {
      const failure = { _tag: "CityUnknown", message: "?", error: { _tag: "CityUnknown", city: "Oslo" }, runId: "r" }
      const { url } = yield* serve({ status: 404, body: failure })
      const error = yield* Effect.flip(Client.make(weather, direct(url)).invoke({ city: "Oslo" }))
      expect(error).toBeInstanceOf(CityUnknown)
      expect(error).toEqual(new CityUnknown({ city: "Oslo" }))
    }).pipe(http)
  )

  it.scoped("fails with the timeout of a step", () =>
    Effect.gen(function* () {
      const inner = { _tag: "StepTimedOut", step: "forecast", timeoutMillis: 5 }
      const { url } = yield* serve({ status: 504, body: { _tag: "StepTimedOut", message: "late", error: inner } })
      const error = yield* Effect.flip(Client.make(weather, direct(url)).invoke({ city: "Oslo" }))
      expect(error).toBeInstanceOf(Step.StepTimedOut)
    }).pipe(http)
  )

  it.scoped("names the cause if the pipeline is of another version", () =>
    Effect.gen(function* () {
      const other = { _tag: "Other", message: "?", error: { _tag: "Other" }, runId: "r" }
      const failing = yield* serve({ status: 422, body: other })
      const answering = yield* serve(success({ kelvin: 1 }))
      for (const { url } of [failing, answering]) {
        const error = yield* Effect.flip(Client.make(weather, direct(url)).invoke({ city: "Oslo" }))
        expect(error).toBeInstanceOf(Errors.DeploymentHttpError)
        expect(error.message).toContain("deploy that version of the pipeline")
      }
    }).pipe(http)
  )

  const wire: ReadonlyArray<readonly [number, Record<string, unknown>]> = [
    [401, { _tag: "Unauthorized", message: "m" }],
    [413, { _tag: "PayloadTooLarge", message: "m", maxBodyBytes: 1 }],
    [429, { _tag: "TooManyRuns", message: "m", retryAfterSeconds: 2 }],
    [503, { _tag: "ServiceUnavailable", message: "m", reason: "draining", retryAfterSeconds: 2 }],
    [504, { _tag: "RunTimedOut", message: "m", runId: "r", timeoutMillis: 1 }],
    [503, { _tag: "RunInterrupted", message: "m", runId: "r", reason: "cancelled" }],
    [500, { _tag: "InternalError", message: "m", id: "i" }]
  ]
  for (const [status, body] of wire) {
    it.scoped(`decodes ${body["_tag"]}`, () =>
      Effect.gen(function* () {
        const { url } = yield* serve({ status, body })
        const error = yield* Effect.flip(Client.make(weather, direct(url)).invoke({ city: "Oslo" }))
        expect(error._tag).toBe(body["_tag"])
        expect(Errors.isDeployersError(error)).toBe(true)
        expect(error).toMatchObject(body)
      }).pipe(http)
    )
  }

  it.scoped("lists the problems of parameters, without the envelope", () =>
    Effect.gen(function* () {
      const issues = [{ path: "parameters.city", reason: "is missing" }]
      const { url } = yield* serve({ status: 400, body: { _tag: "InvalidRequest", message: "m", issues } })
      const error = yield* Effect.flip(Client.make(weather, direct(url)).invoke({ city: "Oslo" }))
      expect(error).toBeInstanceOf(Errors.DeploymentInvalidParameters)
      expect(error).toMatchObject({ deployment: "weather", issues: [{ path: "city", reason: "is missing" }] })
    }).pipe(http)
  )
})

describe("Client transport", () => {
  it.scoped("G18: does not follow redirects, so that no other URL gets the key", () =>
    Effect.gen(function* () {
      const elsewhere = yield* serve(success({ celsius: "1" }))
      const { url } = yield* serve({ status: 307, body: "", headers: { location: `${elsewhere.url}/invoke` } })
      const error = yield* Effect.flip(Client.make(weather, direct(url)).invoke({ city: "Oslo" }))
      expect(error).toMatchObject({ _tag: "DeploymentHttpError", status: 307 })
      expect(elsewhere.seen).toEqual([])
    }).pipe(http)
  )

  it.effect("reports that no process listens, without the key", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(serve("hang"))
      const cause = yield* Effect.sandbox(Client.make(weather, direct(url)).invoke({ city: "Oslo" })).pipe(Effect.flip)
      expect(Cause.pretty(cause, { renderErrorCause: true })).toContain("no process listens there")
      expect(JSON.stringify(cause) + Cause.pretty(cause, { renderErrorCause: true })).not.toContain(key)
    }).pipe(http)
  )

  it.scoped("reports an answer that is not that of a deployment", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<Canned> = [
        { status: 200, body: "<html>" },
        { status: 404, body: "nope" },
        { status: 200, body: { success: true } }
      ]
      for (const answer of answers) {
        const { url } = yield* serve(answer)
        const error = yield* Effect.flip(Client.make(weather, direct(url)).invoke({ city: "Oslo" }))
        expect(error).toBeInstanceOf(Errors.DeploymentHttpError)
      }
    }).pipe(http)
  )

  it.live("fails at its deadline if a deployment does not answer", () =>
    Effect.gen(function* () {
      const { url } = yield* serve("hang")
      const error = yield* Effect.flip(
        Client.health(direct(url)).pipe(
          Effect.timeoutFail({
            duration: "100 millis",
            onTimeout: () => "interrupted" as const
          })
        )
      )
      expect(error).toBe("interrupted")
    }).pipe(Effect.scoped, http)
  )

  it.effect("G18: refuses URLs of other protocols than HTTP", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Client.health({ url: "file:///etc/passwd" }))
      expect(error._tag).toBe("DeploymentHttpError")
    }).pipe(http)
  )
})

describe("Client.invoke", () => {
  const info: Canned = {
    status: 200,
    body: { pipeline: { input: { type: "object", properties: { tags: { type: "array" } } }, output: {} } }
  }

  it.scoped("returns the failure of an unknown pipeline as data", () =>
    Effect.gen(function* () {
      const body = {
        _tag: "CityUnknown",
        message: "No forecast.",
        error: { _tag: "CityUnknown", city: "x" },
        runId: "r"
      }
      const { url } = yield* serve({ status: 404, body })
      const error = yield* Effect.flip(Client.invoke(direct(url), { city: "x" }))
      expect(error).toMatchObject({ _tag: "DeploymentRunFailed", runId: "r", error: { city: "x" } })
      expect(error.message).toBe('The run of "weather" failed with CityUnknown: No forecast.')
    }).pipe(http)
  )

  it.scoped("requests the schema only if a text could be JSON", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serve(info)
      yield* Effect.ignore(Client.invoke(direct(url), { tags: "plain" }))
      yield* Effect.ignore(Client.invoke(direct(url), { tags: "[1]" }))
      expect(seen.map(({ body, url }) => [url, body])).toEqual([
        ["/invoke", { parameters: { tags: "plain" } }],
        ["/info", null],
        ["/invoke", { parameters: { tags: [1] } }]
      ])
    }).pipe(http)
  )

  it.scoped("returns schema and example, or fails if there are none", () =>
    Effect.gen(function* () {
      const known = yield* serve(info)
      expect(yield* Client.example(direct(known.url))).toEqual({})
      const unknown = yield* serve({ status: 404, body: { _tag: "NotFound", message: "m" } })
      const error = yield* Effect.flip(Client.schema(direct(unknown.url)))
      expect(error._tag).toBe("DeploymentSchemaNotFound")
    }).pipe(http)
  )
})

describe("Client queries", () => {
  const run = { id: "r", index: 1, name: "n", status: "succeeded", parameters: {}, startedAt: "2025-01-01T00:00:00Z" }

  it.scoped("pages through runs", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serve({ status: 200, body: { runs: [run], nextCursor: "c" } })
      const page = yield* Client.runs(direct(url), { status: "succeeded", limit: 1, cursor: "b" })
      expect(page).toMatchObject({ runs: [{ id: "r" }], nextCursor: "c" })
      expect(seen[0]?.url).toBe("/runs?status=succeeded&limit=1&cursor=b")
    }).pipe(http)
  )

  it.scoped("returns one run, or fails with RunNotFound", () =>
    Effect.gen(function* () {
      const found = yield* serve({ status: 200, body: run })
      expect((yield* Client.run(direct(found.url), "a/b")).index).toBe(1)
      expect(found.seen[0]?.url).toBe("/runs/a%2Fb")
      const missing = yield* serve({ status: 404, body: { _tag: "RunNotFound", message: "m", runId: "r" } })
      expect((yield* Effect.flip(Client.run(direct(missing.url), "r")))._tag).toBe("RunNotFound")
    }).pipe(http)
  )

  it.scoped("reads the health of a deployment that is not ready", () =>
    Effect.gen(function* () {
      const { url } = yield* serve({ status: 503, body: { status: "draining", checks: [] } })
      expect((yield* Client.health(direct(url))).status).toBe("draining")
    }).pipe(http)
  )

  it.scoped("uses the paths of the deployment's serving settings", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serve({ status: 200, body: "up 1" })
      const ref = { ...direct(url), serving: { rootUrlPath: "/w", apiUrlPath: "/api/", metricsUrlPath: "/m" } }
      expect(yield* Client.metrics(ref)).toBe("up 1")
      expect(seen[0]?.url).toBe("/w/api/m")
    }).pipe(http)
  )

  it.scoped("resolves names with the given table", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(success({ celsius: "3" }))
      const table = Client.layerStatic({ weather: { url } })
      const outputs = yield* Client.make(weather, "weather").invoke({ city: "x" }).pipe(Effect.provide(table))
      expect(outputs).toEqual({ celsius: 3 })
      const error = yield* Effect.flip(Client.invoke("toString", {})).pipe(Effect.provide(table))
      expect(error._tag).toBe("DeploymentNotFound")
    }).pipe(Effect.provide(Layer.mergeAll(FetchHttpClient.layer)))
  )
})
