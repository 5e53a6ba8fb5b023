// Large outputs that are bytes: written to the store of artifacts in parts, and read from it as their callers take them.
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import * as Net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Option, Schedule, Schema, Stream } from "effect"
import { Artifacts, File, Input, Output, Pipeline, Run } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { request, served } from "../Harness.js"

/** More than the system takes for a caller that does not read. */
const size = 24_000_000
const sliceBytes = 65_536
const content = Buffer.alloc(size, "0123456789abcdef")
const digest = createHash("sha256").update(content).digest("hex")

const failure = new Artifacts.ArtifactStoreError({ operation: "get", digest, reason: "the disk is broken" })

/** A store that has nothing whole, counts what it reads, and breaks at a byte. */
const inParts = (breaksAt = Number.POSITIVE_INFINITY) => {
  const contents = new Map<string, Uint8Array>()
  const seen = { parts: [] as Array<readonly [number, number]>, bytes: 0 }
  const whole = Effect.dieMessage("a large content is in memory")
  const read = (bytes: Uint8Array, start: number, length: number) =>
    Stream.unfold(start, (at) => {
      const end = Math.min(at + sliceBytes, start + length)
      return at >= end ? Option.none() : Option.some([bytes.subarray(at, end), end] as const)
    }).pipe(
      Stream.rechunk(1),
      Stream.tap((slice) => (seen.bytes + slice.length > breaksAt ? Effect.fail(failure) : Effect.void)),
      Stream.tap((slice) =>
        Effect.sync(() => {
          seen.bytes += slice.length
        })
      )
    )
  const layer = Layer.succeed(Artifacts.ArtifactStore, {
    put: () => whole,
    get: () => whole,
    remove: () => Effect.void,
    putStream: (digest, content) =>
      Effect.map(Stream.runCollect(content), (slices) => {
        contents.set(digest, Buffer.concat(Chunk.toReadonlyArray(slices)))
      }),
    getStream: (digest, { length, start }) =>
      Effect.sync(() => {
        seen.parts.push([start, length])
        return Option.map(Option.fromNullable(contents.get(digest)), (bytes) => read(bytes, start, length))
      })
  })
  return { contents, seen, layer }
}

const bytes = Pipeline.make("bytes", {
  input: Schema.Struct({}),
  output: Output.bytes({ contentType: "application/x-large" }),
  settings: { maxOutputBytes: size },
  run: () => Effect.succeed(new Uint8Array(content))
})

const echo = Pipeline.make("echo", {
  input: Schema.Struct({ file: Input.file({ maxBytes: size }) }),
  output: Output.file({ contentType: "application/x-large" }),
  settings: { maxOutputBytes: size },
  run: ({ file }) => Effect.succeed(file)
})

type Given = Readonly<Record<string, string>>

const askBytes = (headers: Given = {}) => request("/invoke", { json: { parameters: {} }, headers })

const askEcho = (headers: Given = {}) => {
  const body = new FormData()
  body.append("file", new Blob([content], { type: "application/x-large" }), "large")
  return request("/invoke", { method: "POST", body, headers })
}

type Store = ReturnType<typeof inParts>

const runIn = (headers: Headers): string =>
  JSON.parse(decodeURIComponent(headers.get("x-run-metadata") ?? "null"))["runId"]

const readBy = ({ seen }: Store) =>
  Effect.repeat(
    Effect.zipRight(
      Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))),
      Effect.sync(() => seen.bytes)
    ),
    { until: (read) => read > 0 }
  )

/** Sends a request and reads nothing until it is asked to read all. */
const sluggish = (path: string) =>
  Effect.flatMap(Serve.Served, ({ host, port }) =>
    Effect.acquireRelease(
      Effect.async<Net.Socket>((resume) => {
        const socket = Net.connect({ host, port }, () => {
          socket.pause()
          socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
          resume(Effect.succeed(socket))
        })
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
  )

const rest = (socket: Net.Socket) =>
  Effect.async<Buffer>((resume) => {
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("end", () => resume(Effect.succeed(Buffer.concat(chunks))))
    socket.resume()
  })

describe.each([
  ["of a request in JSON", askBytes, ({ layer }: Store) => served(Pipeline.provide(bytes, layer))],
  ["of a form", askEcho, ({ layer }: Store) => served(Pipeline.provide(echo, layer))]
] as const)("a large output %s", (_, asked, servedWith) => {
  it.scopedLive("is kept and sent in parts, whole and by range, also for a repeated key", () => {
    const store = inParts()
    return Effect.gen(function* () {
      const key = { "idempotency-key": "large" }
      const { headers, status, text } = yield* asked(key)
      assert.deepStrictEqual([status, headers.get("content-length")], [200, String(size)])
      assert.strictEqual(headers.get("etag"), `"${digest}"`)
      assert.isTrue(text === content.toString())
      assert.deepStrictEqual([...store.contents.keys()], [digest])
      const again = yield* asked(key)
      assert.strictEqual(again.headers.get("idempotency-replayed"), "true")
      assert.isTrue(again.text === content.toString())
      const path = `/runs/${runIn(headers)}/output`
      const whole = yield* request(path)
      assert.isTrue(whole.text === content.toString())
      store.seen.parts.length = 0
      store.seen.bytes = 0
      const part = yield* request(path, { headers: { range: "bytes=1000000-1000015" } })
      assert.deepStrictEqual([part.status, part.text], [206, "0123456789abcdef"])
      assert.strictEqual(part.headers.get("content-range"), `bytes 1000000-1000015/${size}`)
      assert.strictEqual(store.seen.bytes, 16)
      const head = yield* request(path, { method: "HEAD" })
      assert.deepStrictEqual([head.status, head.headers.get("content-length"), head.text], [200, String(size), ""])
      assert.strictEqual(store.seen.bytes, 16)
    }).pipe(Effect.provide(servedWith(store)))
  })

  it.scopedLive("is read no faster than its caller takes it, and no further for one that leaves", () => {
    const store = inParts()
    return Effect.gen(function* () {
      const { headers } = yield* asked()
      const path = `/runs/${runIn(headers)}/output`
      store.seen.bytes = 0
      const slow = yield* sluggish(path)
      yield* readBy(store)
      // Each answer comes after all that the service reads ahead.
      for (let n = 0; n < 20; n++) yield* request("/health")
      assert.isBelow(store.seen.bytes, size)
      const all = yield* rest(slow)
      assert.isTrue(all.subarray(-size).equals(content))
      store.seen.bytes = 0
      const leaving = yield* sluggish(path)
      yield* readBy(store)
      leaving.destroy()
      for (let n = 0; n < 20; n++) yield* request("/health")
      assert.isBelow(store.seen.bytes, size)
    }).pipe(Effect.provide(servedWith(store)))
  })

  it.live("that cannot be read to its end breaks the connection", () => {
    const store = inParts(20_000_000)
    return Effect.gen(function* () {
      const { url } = yield* Serve.Served
      const { runs } = (yield* Effect.zipRight(Effect.exit(Effect.sandbox(asked())), request("/runs?limit=1"))).json
      assert.strictEqual(runs[0]?.["status"], "succeeded")
      store.seen.bytes = 0
      const broken = yield* Effect.promise(async () => {
        const response = await fetch(`${url}/runs/${runs[0]?.id}/output`)
        return response.arrayBuffer().then(
          () => "whole",
          () => "broken"
        )
      })
      assert.strictEqual(broken, "broken")
    }).pipe(Effect.provide(servedWith(store)))
  })
})

describe("a file of a pipeline", () => {
  it.live("that has other bytes than it says is not kept", () => {
    const store = inParts()
    const lying = Pipeline.make("lying", {
      input: Schema.Struct({}),
      output: Output.file({ contentType: "application/x-large" }),
      settings: { maxOutputBytes: size },
      run: () =>
        Effect.map(File.fromBytes(new Uint8Array(content), { contentType: "application/x-large" }), (file) =>
          File.make({ ...file, digest: "0".repeat(64) })
        )
    })
    return Effect.gen(function* () {
      const { json, status } = yield* request("/invoke", { json: { parameters: {} } })
      assert.deepStrictEqual([status, json["_tag"]], [500, "InternalError"])
      assert.strictEqual(store.contents.size, 0)
    }).pipe(Effect.provide(served(lying.pipe(Pipeline.provide(store.layer)))))
  })

  it.live("is in memory, within the limit, where the store takes whole contents only", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* askEcho()
      assert.isTrue(text === content.toString())
      assert.isTrue((yield* request(`/runs/${runIn(headers)}/output`)).text === content.toString())
    }).pipe(Effect.provide(served(echo.pipe(Pipeline.provide(Artifacts.layerMemory)))))
  )
})

const written = Pipeline.make("written", {
  input: Schema.Struct({ slices: Schema.Int }),
  output: Output.file({ contentType: "application/x-large" }),
  error: Schema.Literal("broken"),
  settings: { maxOutputBytes: size },
  run: ({ slices }) => {
    const slice = new Uint8Array(content.subarray(0, 1_000_000))
    const stream = Stream.map(Stream.range(1, Math.abs(slices)), () => slice)
    return Run.writeFile(slices < 0 ? Stream.concat(stream, Stream.fail("broken" as const)) : stream, {
      name: "large",
      contentType: "application/x-large"
    }).pipe(Effect.tap(({ path }) => Effect.sync(() => paths.push(Option.getOrElse(path, () => "in memory")))))
  }
})

const paths: Array<string> = []

describe("a file that a run writes", () => {
  it.live("is an output that is never in memory, is limited, and goes with its run", () => {
    const store = inParts()
    const invoke = (slices: number) => request("/invoke", { json: { parameters: { slices } } })
    return Effect.gen(function* () {
      const { headers, status, text } = yield* invoke(24)
      assert.deepStrictEqual([status, headers.get("content-disposition")], [200, 'attachment; filename="large"'])
      assert.isTrue(text === content.toString())
      assert.deepStrictEqual([...store.contents.keys()], [digest])
      const large = yield* invoke(25)
      assert.deepStrictEqual([large.status, large.json["limit"]], [500, "maxOutputBytes"])
      const broken = yield* invoke(-2)
      assert.deepStrictEqual([broken.status, broken.json["error"]], [422, "broken"])
      assert.lengthOf(paths, 1)
      yield* Effect.repeat(
        Effect.sync(() => existsSync(paths[0] ?? "")),
        { while: (isThere) => isThere, schedule: Schedule.spaced("5 millis") }
      )
    }).pipe(Effect.provide(served(Pipeline.provide(written, store.layer))))
  })

  it.effect("is in memory outside of a service", () =>
    Effect.gen(function* () {
      const file = yield* Pipeline.run(written, { slices: 2 })
      assert.deepStrictEqual([file.name, file.size, Option.isNone(file.path)], ["large", 2_000_000, true])
      assert.isTrue(content.subarray(0, 2_000_000).equals(yield* file.bytes))
    })
  )
})
