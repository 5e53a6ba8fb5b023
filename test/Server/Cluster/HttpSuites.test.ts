// The HTTP suites once more, asked of two workers in turn: a service of several answers like a service of one.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { request, serveByTwo, served } from "../Harness.js"
import { weather } from "../Pipelines.js"

serveByTwo()

describe("with two workers", async () => {
  await import("../Http/Invoke.test.js")
  await import("../Http/Protocol.test.js")
  await import("../Http/Runs.test.js")
  await import("../Process/Service.test.js")
  await import("../Http/ResponseModes.test.js")
  await import("../Http/RunRequest.test.js")
  await import("../Http/Streaming.test.js")
  await import("../Http/Files.test.js")
  await import("../Http/Outputs.test.js")
  await import("../Http/GroupMembers.test.js")
  await import("../Http/Events.test.js")
  await import("../Http/Signals.test.js")
  await import("../Http/RunSocket.test.js")
  await import("../Run/Idempotency.test.js")
  await import("../Http/Sessions.test.js")
  await import("../Http/RunLogs.test.js")
  await import("../Http/Artifacts.test.js")
  await import("../Http/Mcp.test.js")
})

describe("two workers", () => {
  it.live("answer these suites", () =>
    Effect.gen(function* () {
      assert.include((yield* request("/metrics")).text, "\ndeployers_workers 2\n")
    }).pipe(Effect.provide(served(weather)))
  )
})
