import * as Net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { served, statusOf } from "../Harness.js"

const runs = 200
const computeNanos = 3_000_000n

/** Computes without a break, as a model does. */
const computing = Pipeline.make("computing", {
  input: Schema.Struct({}),
  output: Schema.Literal("computed"),
  run: () =>
    Effect.clockWith((clock) => {
      const end = clock.unsafeCurrentTimeNanos() + computeNanos
      while (clock.unsafeCurrentTimeNanos() < end) {}
      return Effect.succeed("computed" as const)
    })
})

const askHealth = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

/** The answer is short, and keeps its connection, as that of health does not. */
const askNothing = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"

const invoke = [
  "POST /invoke HTTP/1.1",
  "Host: localhost",
  "Content-Type: application/json",
  "Content-Length: 17",
  "",
  '{"parameters":{}}'
].join("\r\n")

/** A connection that the service has accepted: it answered on it. */
const connect = Effect.flatMap(Serve.Served, ({ host, port }) =>
  Effect.acquireRelease(
    Effect.async<Net.Socket>((resume) => {
      const socket = Net.connect({ host, port }, () => socket.write(askNothing))
      socket.once("data", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )
)

describe("a service whose runs compute", () => {
  it.scopedLive("F01 F38: answers for its health in between, and every run in the end", () =>
    Effect.gen(function* () {
      const callers = yield* Effect.replicateEffect(connect, runs)
      const bystander = yield* connect
      const replies: Array<number> = []
      let health: { readonly status: number; readonly after: number } | undefined
      yield* Effect.async<void>((resume) => {
        const end = () => {
          if (replies.length === runs && health !== undefined) resume(Effect.void)
        }
        bystander.once("data", (chunk) => {
          health = { status: statusOf(chunk.toString()), after: replies.length }
          end()
        })
        for (const caller of callers) {
          caller.once("data", (chunk) => {
            replies.push(statusOf(chunk.toString()))
            end()
          })
        }
        // All of it is there before the service reads any.
        for (const caller of callers) caller.write(invoke)
        bystander.write(askHealth)
      })
      assert.strictEqual(health?.status, 200)
      assert.isBelow(health?.after ?? runs, runs / 2)
      assert.deepStrictEqual(new Set(replies), new Set([200]))
    }).pipe(Effect.provide(served(computing)))
  )
})
