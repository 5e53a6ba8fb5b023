import type { HttpClient } from "@effect/platform"
import { Effect, Schema, Stream } from "effect"
import { Client, type Errors, Pipeline, type Step } from "effect-deployers"
import { describe, expect, it } from "tstyche"

class Boom extends Schema.TaggedError<Boom>()("Boom", {}) {}

const pipeline = Pipeline.make("p", {
  input: Schema.Struct({ city: Schema.String, at: Schema.optional(Schema.Date) }),
  output: Schema.Struct({ at: Schema.Date }),
  error: Boom,
  run: () => Effect.fail(new Boom())
})

type StartError =
  | Errors.DeploymentInvalidParameters
  | Errors.Unauthorized
  | Errors.Forbidden
  | Errors.TooManyFailedKeys
  | Errors.ServiceNotProven
  | Errors.PayloadTooLarge
  | Errors.IdempotencyConflict
  | Errors.TooManyRuns
  | Errors.ServiceUnavailable
  | Errors.ServiceInMaintenance
  | Errors.InternalError
  | Errors.DeploymentHttpError

const { awaitRun, invoke, start, stream } = Client.make(pipeline, { url: "http://127.0.0.1:1" })
declare const call: (...args: Parameters<typeof invoke>) => void
declare const handle: (tag: Effect.Effect.Error<ReturnType<typeof invoke>>["_tag"]) => void
const named = Client.make(pipeline, "weather")

describe("Client.make", () => {
  it("takes the encoded parameters and no others", () => {
    expect(call).type.toBeCallableWith({ city: "Oslo" })
    expect(call).type.toBeCallableWith({ city: "Oslo", at: "2025-01-01" })
    expect(call).type.not.toBeCallableWith({ town: "Oslo" })
    expect(call).type.not.toBeCallableWith({ city: 1 })
    expect(call).type.not.toBeCallableWith({ city: "Oslo", extra: 1 })
  })
  it("has the exact errors of a call by URL", () => {
    expect(invoke({ city: "Oslo" })).type.toBe<
      Effect.Effect<
        { readonly at: Date },
        | Boom
        | Step.StepTimedOut
        | Errors.DeploymentInvalidParameters
        | Errors.Unauthorized
        | Errors.Forbidden
        | Errors.TooManyFailedKeys
        | Errors.ServiceNotProven
        | Errors.PayloadTooLarge
        | Errors.IdempotencyConflict
        | Errors.TooManyRuns
        | Errors.ServiceUnavailable
        | Errors.ServiceInMaintenance
        | Errors.RunTimedOut
        | Errors.RunInterrupted
        | Errors.RunLimitExceeded
        | Errors.RunDiverged
        | Errors.RunNotRecovered
        | Errors.RunContinues
        | Errors.InternalError
        | Errors.DeploymentHttpError,
        HttpClient.HttpClient
      >
    >()
  })
  it("has the exact errors of a run that goes on without its caller", () => {
    expect(start({ city: "Oslo" })).type.toBe<Effect.Effect<string, StartError, HttpClient.HttpClient>>()
    expect(stream({ city: "Oslo" })).type.toBe<Stream.Stream<Client.RunEvent, StartError, HttpClient.HttpClient>>()
    expect(awaitRun("id")).type.toBe<
      Effect.Effect<
        { readonly at: Date },
        | Boom
        | Step.StepTimedOut
        | Errors.RunTimedOut
        | Errors.RunInterrupted
        | Errors.RunLimitExceeded
        | Errors.RunDiverged
        | Errors.RunNotRecovered
        | Errors.RunNotFound
        | Errors.Unauthorized
        | Errors.Forbidden
        | Errors.TooManyFailedKeys
        | Errors.ServiceNotProven
        | Errors.ServiceUnavailable
        | Errors.InternalError
        | Errors.DeploymentHttpError,
        HttpClient.HttpClient
      >
    >()
    expect(Client.cancel({ url: "http://127.0.0.1:1" }, "id")).type.toBe<
      Effect.Effect<
        Client.Run,
        | Errors.RunNotFound
        | Errors.Unauthorized
        | Errors.Forbidden
        | Errors.TooManyFailedKeys
        | Errors.ServiceNotProven
        | Errors.ServiceUnavailable
        | Errors.InternalError
        | Errors.DeploymentHttpError,
        HttpClient.HttpClient
      >
    >()
  })
  it("has the exact errors of sessions, artifacts, schedules and webhooks", () => {
    type Query =
      | Errors.Unauthorized
      | Errors.Forbidden
      | Errors.TooManyFailedKeys
      | Errors.ServiceNotProven
      | Errors.ServiceUnavailable
      | Errors.InternalError
      | Errors.DeploymentHttpError
    const at = { url: "http://127.0.0.1:1" }
    expect(Client.session(at, "s")).type.toBe<
      Effect.Effect<Client.SessionRecord, Errors.SessionNotFound | Query, HttpClient.HttpClient>
    >()
    expect(Client.artifact(at, "id", "step")).type.toBe<
      Effect.Effect<unknown, Errors.RunNotFound | Errors.ArtifactNotFound | Query, HttpClient.HttpClient>
    >()
    expect(Client.fireSchedule(at, "s")).type.toBe<
      Effect.Effect<string, Errors.ScheduleNotFound | Query, HttpClient.HttpClient>
    >()
    expect(Client.pauseTrigger(at, "t")).type.toBe<
      Effect.Effect<Client.TriggerStatus, Errors.TriggerNotFound | Query, HttpClient.HttpClient>
    >()
    expect(Client.retryWebhook(at, "d")).type.toBe<
      Effect.Effect<Client.WebhookDelivery, Errors.WebhookDeliveryNotFound | Query, HttpClient.HttpClient>
    >()
  })
  it("streams the elements of a pipeline that streams, with its typed failures", () => {
    const streaming = Pipeline.stream("p", {
      input: Schema.Struct({ city: Schema.String }),
      output: Schema.Struct({ at: Schema.Date }),
      error: Boom,
      run: () => Stream.fail(new Boom())
    })
    const client = Client.make(streaming, { url: "http://127.0.0.1:1" })
    expect(client.stream({ city: "Oslo" })).type.toBe<
      Stream.Stream<{ readonly at: Date }, Boom | Step.StepTimedOut | Client.InvokeError, HttpClient.HttpClient>
    >()
    expect(client.follow({ city: "Oslo" })).type.toBe<
      Stream.Stream<Client.RunEvent, StartError, HttpClient.HttpClient>
    >()
    expect(client.invoke({ city: "Oslo" })).type.toBeAssignableTo<
      Effect.Effect<ReadonlyArray<{ readonly at: Date }>, unknown, HttpClient.HttpClient>
    >()
  })
  it("needs a registry only for names", () => {
    expect(
      named.invoke({ city: "Oslo" }).pipe(Effect.catchTag("DeploymentNotFound", () => Effect.void))
    ).type.toBeAssignableTo<Effect.Effect<unknown, unknown, HttpClient.HttpClient | Client.Endpoints>>()
  })
  it("refuses to handle what cannot happen", () => {
    expect(handle).type.toBeCallableWith("Boom")
    expect(handle).type.not.toBeCallableWith("Bang")
  })
})
