// The HTTP suites once more, with invocations answered by the typed API: both ways behave the same.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { invoke, leaveHotRoute, served, takesHotRoute } from "../Harness.js"
import { weather } from "../Pipelines.js"

leaveHotRoute()

describe("without the hot route", async () => {
  // First, because suites without test services replace the test clock for what is registered after them.
  await import("../Run/Deadline.test.js")
  await import("./Invoke.test.js")
  await import("./Protocol.test.js")
  await import("./Runs.test.js")
  await import("../Process/Service.test.js")
  await import("./ResponseModes.test.js")
  await import("../Run/Idempotency.test.js")
})

describe("the general path", () => {
  it.live("is what these suites took", () =>
    Effect.gen(function* () {
      assert.isFalse(takesHotRoute)
      assert.strictEqual((yield* invoke({ city: "Oslo" })).status, 200)
    }).pipe(Effect.provide(served(weather)))
  )
})
