// Large answers to callers that do not read: other callers do not wait for them, and they come whole when they are read.
import * as Net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { invoke, request, served } from "../Harness.js"

/** Its outputs have characters of one to four bytes, so that slices end within each of them. */
const unit = "a€😀é"
const times = 400_000
const outputs = { text: unit.repeat(times) }

const large = Pipeline.make("large", {
  input: Schema.Struct({}),
  output: Schema.Struct({ text: Schema.String }),
  run: () => Effect.succeed(outputs)
})

/** Sends a request and reads nothing. */
const sluggish = (lines: ReadonlyArray<string>, body = "") =>
  Effect.flatMap(Serve.Served, ({ host, port }) =>
    Effect.acquireRelease(
      Effect.async<Net.Socket>((resume) => {
        const socket = Net.connect({ host, port }, () => {
          socket.pause()
          socket.write([...lines, "Host: localhost", "Connection: close", "", body].join("\r\n"))
          resume(Effect.succeed(socket))
        })
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
  )

/** Reads the rest, and returns the body of the answer. */
const bodyOf = (socket: Net.Socket) =>
  Effect.async<{ readonly length: number; readonly bytes: Buffer }>((resume) => {
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("end", () => {
      const all = Buffer.concat(chunks)
      const end = all.indexOf("\r\n\r\n")
      const length = /content-length: (\d+)/i.exec(all.subarray(0, end).toString())?.[1]
      resume(Effect.succeed({ length: Number(length), bytes: all.subarray(end + 4) }))
    })
    socket.resume()
  })

const post = ["POST /invoke HTTP/1.1", "Content-Type: application/json", "Content-Length: 17"]

describe("large answers", () => {
  it.live("F04: 100 MB to callers that do not read delay no other caller, and come whole", () =>
    Effect.gen(function* () {
      const { json } = yield* invoke({})
      const invoking = yield* Effect.replicateEffect(sluggish(post, '{"parameters":{}}'), 12)
      const reading = yield* Effect.replicateEffect(sluggish([`GET /runs/${json.metadata.runId} HTTP/1.1`]), 13)
      yield* Effect.repeat(request("/runs?status=succeeded&limit=100"), {
        until: (page) => page.json.runs.length === 13
      })
      assert.strictEqual((yield* request("/health")).status, 200)
      assert.strictEqual((yield* invoke({})).status, 200)
      for (const socket of [...invoking, ...reading]) {
        const { bytes, length } = yield* bodyOf(socket)
        assert.strictEqual(bytes.length, length)
        assert.isTrue(JSON.parse(bytes.toString()).outputs.text === outputs.text)
      }
    }).pipe(Effect.scoped, Effect.provide(served(large)))
  )
})
