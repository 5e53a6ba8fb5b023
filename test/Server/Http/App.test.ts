// The HTTP suites once more, asked of an app in a server of the platform: an app answers like a service with a port.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { asApp, invoke, serveAsApp, served } from "../Harness.js"
import { weather } from "../Pipelines.js"

serveAsApp()

describe("as an app", async () => {
  // First, because suites without test services replace the test clock for what is registered after them.
  await import("../Run/Deadline.test.js")
  await import("./Invoke.test.js")
  await import("./Protocol.test.js")
  await import("./Runs.test.js")
  await import("../Process/Service.test.js")
  await import("./ResponseModes.test.js")
  await import("../Run/Idempotency.test.js")
})

describe("the app", () => {
  it.live("is what these suites asked", () =>
    Effect.gen(function* () {
      assert.isTrue(asApp)
      const { headers, status } = yield* invoke({ city: "Oslo" })
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("cache-control"), "no-store")
    }).pipe(Effect.provide(served(weather)))
  )
})
