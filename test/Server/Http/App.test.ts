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
  await import("./Endpoints.test.js")
  await import("./ResponseHeaders.test.js")
  await import("./Application.test.js")
  await import("./StaticFiles.test.js")
  await import("./About.test.js")
  await import("./Group.test.js")
  await import("./Runs.test.js")
  await import("./Proxies.test.js")
  await import("./Tracing.test.js")
  await import("../Process/Service.test.js")
  await import("./ResponseModes.test.js")
  await import("./RunRequest.test.js")
  await import("./Streaming.test.js")
  await import("./Files.test.js")
  await import("./Outputs.test.js")
  await import("./GroupMembers.test.js")
  await import("./GroupCallers.test.js")
  await import("./Events.test.js")
  await import("./Signals.test.js")
  await import("./RunSocket.test.js")
  await import("../Run/Idempotency.test.js")
  await import("./Sessions.test.js")
  await import("./RunLogs.test.js")
  await import("./Artifacts.test.js")
  await import("./StepCache.test.js")
  await import("./Mcp.test.js")
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
