import { assert, describe, it } from "@effect/vitest"
import { DateTime, Predicate } from "effect"
import { Errors } from "effect-deployers"

const kinds = {
  NotFoundError: Errors.NotFoundError,
  InvalidInputError: Errors.InvalidInputError,
  ConflictError: Errors.ConflictError,
  EngineError: Errors.EngineError,
  StorageError: Errors.StorageError,
  CallError: Errors.CallError,
  RunError: Errors.RunError
}

const isErrorClass = (value: unknown): value is { readonly _tag: string } =>
  Predicate.isFunction(value) && value.prototype instanceof Error

describe("Errors", () => {
  it("have exactly one kind each", () => {
    const ofKinds = Object.values(kinds).flatMap(({ members }) => members.map(({ _tag }) => _tag))
    const exported = Object.values<unknown>(Errors).filter(isErrorClass)
    assert.deepStrictEqual(ofKinds.sort(), exported.map(({ _tag }) => _tag).sort())
  })

  it("are of their kind and of no other", () => {
    const missing = new Errors.DeploymentNotFound({ ref: "weather" })
    assert.isTrue(Errors.isNotFoundError(missing))
    assert.isFalse(Errors.isConflictError(missing))
    assert.isFalse(Errors.isNotFoundError({ ...missing }))
    assert.isTrue(Errors.isInvalidInputError(new Errors.InvalidName({ name: "" })))
    assert.isTrue(Errors.isConflictError(new Errors.PortUnavailable({ name: "weather", port: 80 })))
    assert.isTrue(Errors.isEngineError(new Errors.OutcomeUnknown({ operation: "start", resource: "weather" })))
    assert.isTrue(Errors.isStorageError(new Errors.SecretKeyError({ reason: "missing" })))
    assert.isTrue(Errors.isCallError(new Errors.Unauthorized({ message: "" })))
    assert.isTrue(Errors.isRunError(new Errors.RunTimedOut({ message: "", runId: "r", timeoutMillis: 1 })))
  })

  it("are retryable if repeating is safe and may succeed", () => {
    const store = (reason: "busy" | "corrupt") =>
      new Errors.StoreError({ store: "runs", operation: "find", reason, path: "runs.db" })
    const expiresAt = DateTime.unsafeMake(0)
    assert.isTrue(Errors.isRetryable(store("busy")))
    assert.isTrue(Errors.isRetryable(new Errors.DeploymentBusy({ name: "weather", holder: "1", expiresAt })))
    assert.isTrue(Errors.isRetryable(new Errors.TooManyRuns({ message: "", retryAfterSeconds: 1 })))
    assert.isFalse(Errors.isRetryable(store("corrupt")))
    assert.isFalse(Errors.isRetryable(new Errors.DeploymentHttpError({ deployment: "weather", reason: "" })))
    assert.isFalse(Errors.isRetryable(new Errors.RunInterrupted({ message: "", runId: "r", reason: "lost" })))
    assert.isFalse(Errors.isRetryable(new Error("busy")))
  })
})
