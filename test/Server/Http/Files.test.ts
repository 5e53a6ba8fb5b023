// Files as parameters: forms, Base64, data URLs, limits, records, and the folder of the run.
import { existsSync, readFileSync } from "node:fs"
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Option, Schema, Stream } from "effect"
import { Client, File, Input, Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { invoke, newest, type Reply, raw, request, served, statusOf, stored } from "../Harness.js"
import { names, told } from "../Sse.js"

const seenPaths: Array<string> = []

const Seen = Schema.Struct({
  name: Schema.String,
  contentType: Schema.String,
  size: Schema.Number,
  digest: Schema.String,
  text: Schema.String,
  streamed: Schema.Number,
  onDisk: Schema.Boolean
})

const look = (file: File.File) =>
  Effect.gen(function* () {
    const bytes = yield* file.bytes
    const parts = Chunk.toReadonlyArray(yield* Stream.runCollect(file.stream))
    const path = Option.getOrElse(file.path, () => "")
    seenPaths.push(path)
    return {
      ...File.describe(file),
      text: new TextDecoder().decode(bytes).slice(0, 20),
      streamed: parts.reduce((sum, part) => sum + part.length, 0),
      onDisk: existsSync(path) && readFileSync(path).length === file.size
    }
  })

const looking = Pipeline.make("looking", {
  input: Schema.Struct({
    image: Input.file({ maxBytes: 100_000, contentTypes: ["image/*", "text/plain"] }),
    pages: Schema.optional(Schema.Array(Input.file({ maxBytes: 10 }))),
    width: Schema.optionalWith(Schema.Int, { default: () => 100 }),
    title: Schema.optional(Schema.String)
  }),
  output: Schema.Struct({
    image: Seen,
    pages: Schema.Array(Seen),
    width: Schema.Number,
    title: Schema.NullOr(Schema.String)
  }),
  run: ({ image, pages = [], title = null, width }) =>
    Effect.all({
      image: look(image),
      pages: Effect.forEach(pages, look),
      width: Effect.succeed(width),
      title: Effect.succeed(title)
    })
})

const digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
const hello = { name: "a.txt", contentType: "text/plain", size: 5, digest, text: "hello", streamed: 5, onDisk: true }
const helloBlob = () => new Blob(["hello"], { type: "text/plain" })

const form = (fields: ReadonlyArray<readonly [name: string, value: string | Blob, fileName?: string]>) => {
  const body = new FormData()
  for (const [name, value, fileName] of fields) {
    if (typeof value === "string") body.append(name, value)
    else body.append(name, value, fileName)
  }
  return body
}

const send = (fields: Parameters<typeof form>[0], headers: Record<string, string> = {}) =>
  request("/invoke", { method: "POST", body: form(fields), headers })

const outputs = ({ json }: Reply) => json["outputs"] as typeof looking.output.Type

const issues = ({ json }: Reply) => json["issues"] as ReadonlyArray<{ readonly path: string; readonly reason: string }>

/** Until the folder of a run is gone. */
const gone = (path: string) =>
  Effect.repeat(
    Effect.async<boolean>((resume) => void setImmediate(() => resume(Effect.sync(() => existsSync(path))))),
    { until: (exists) => !exists }
  )

describe("a form", () => {
  it.live("gives the run handles of its files, and its fields as parameters", () =>
    Effect.gen(function* () {
      const reply = yield* send([
        ["image", helloBlob(), "a.txt"],
        ["width", "7"],
        ["title", "12"]
      ])
      assert.strictEqual(reply.status, 200)
      assert.deepStrictEqual(outputs(reply), { image: hello, pages: [], width: 7, title: "12" })
      const described = { name: "a.txt", contentType: "text/plain", size: 5, digest }
      assert.deepStrictEqual(reply.json.metadata["parametersUsed"], { image: described, width: 7, title: "12" })
      assert.deepStrictEqual((yield* stored(reply.json.metadata.runId)).parameters, {
        image: described,
        width: 7,
        title: "12"
      })
    }).pipe(Effect.provide(served(looking)))
  )

  it.live("may have a list of files, and all parameters and options in one field", () =>
    Effect.gen(function* () {
      const reply = yield* send([
        ["$request", JSON.stringify({ parameters: { width: 3 }, runName: "formed" })],
        ["image", helloBlob(), "../../etc/passwd.txt"],
        ["pages", new Blob(["one"]), "1.bin"],
        ["pages", new Blob(["two"]), "2.bin"]
      ])
      const { image, pages, width } = outputs(reply)
      assert.deepStrictEqual([image.name, width, reply.json.metadata["runName"]], ["passwd.txt", 3, "formed"])
      assert.deepStrictEqual(
        pages.map(({ contentType, name, text }) => [name, text, contentType]),
        [
          ["1.bin", "one", "application/octet-stream"],
          ["2.bin", "two", "application/octet-stream"]
        ]
      )
      const single = yield* send([
        ["image", helloBlob(), "a.txt"],
        ["pages", new Blob(["one"]), "1.bin"]
      ])
      assert.strictEqual(outputs(single).pages.length, 1)
    }).pipe(Effect.provide(served(looking)))
  )

  it.live("is refused with the field: a file that is too large, of another type, unknown, missing, or no file", () =>
    Effect.gen(function* () {
      const large = yield* send([["image", new Blob(["x".repeat(100_001)], { type: "image/png" }), "a.png"]])
      assert.deepStrictEqual([large.status, large.json["_tag"]], [413, "PayloadTooLarge"])
      assert.include(String(large.json["message"]), '"image" is larger than 100000 bytes')
      const cases: ReadonlyArray<readonly [Parameters<typeof form>[0], path: string, reason: string]> = [
        [[["image", new Blob(["x"], { type: "application/pdf" }), "a.pdf"]], "parameters.image", "image/*, text/plain"],
        [[["title", helloBlob(), "a.txt"]], "parameters.title", "is not a file"],
        [[["other", helloBlob(), "a.txt"]], "parameters.other", "is not a file"],
        [[["width", "7"]], "parameters.image", "is missing"],
        [[["image", "text"]], "parameters.image", "must be a file"],
        [
          [
            ["image", helloBlob(), "a.txt"],
            ["width", "x"]
          ],
          "parameters.width",
          "must be"
        ]
      ]
      for (const [fields, path, reason] of cases) {
        const reply = yield* send(fields)
        assert.strictEqual(reply.status, 400)
        const [issue] = issues(reply)
        assert.strictEqual(issue?.path, path)
        assert.include(issue?.reason, reason)
      }
      const head = '--x\r\nContent-Disposition: form-data; name="image"; filename'
      for (const body of [
        "--x\r\nnothing",
        "",
        `${head}="a.txt"\r\n\r\nhello`,
        `${head}="a.txt"\r\n\r\nhello\r\n--x`,
        `${head}*=utf-8''%ZZ\r\n\r\nhello\r\n--x--\r\n`
      ]) {
        const headers = { "content-type": "multipart/form-data; boundary=x" }
        const broken = yield* request("/invoke", { method: "POST", body, headers })
        assert.deepStrictEqual([broken.status, broken.json["_tag"]], [400, "InvalidRequest"])
      }
      assert.strictEqual((yield* request("/runs")).json.runs.length, 0)
    }).pipe(Effect.provide(served(looking)))
  )

  it.live("may arrive in pieces of any size", () =>
    Effect.gen(function* () {
      const { host, port } = yield* Serve.Served
      const part = '--x\r\nContent-Disposition: form-data; name="image"; filename="a.txt"\r\nContent-Type: text/plain'
      const body = `${part}\r\n\r\nhello\r\n--x--`
      const head = `POST /invoke HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Type: multipart/form-data; boundary=x\r\n`
      for (const size of [1, 3, body.length - 1, body.length - 2, body.length]) {
        const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, i) =>
          body.slice(i * size, (i + 1) * size)
        )
        const answer = yield* raw([`${head}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`, ...pieces], {
          keepOpen: true
        })
        assert.strictEqual(statusOf(answer), 200)
        assert.include(answer, digest)
      }
    }).pipe(Effect.provide(served(looking)))
  )

  it.live("has its folder removed when the run has ended, and when no run begins", () =>
    Effect.gen(function* () {
      seenPaths.length = 0
      yield* send([["image", helloBlob(), "a.txt"]])
      yield* send([["image", helloBlob(), "a.txt"]], { prefer: "respond-async" })
      yield* Effect.repeat(request("/runs?limit=1"), {
        until: ({ json }) => json.runs[0]?.["status"] === "succeeded"
      })
      assert.strictEqual(seenPaths.length, 2)
      for (const path of seenPaths) yield* gone(path)
    }).pipe(Effect.provide(served(looking)))
  )

  it.live("runs once per idempotency key and content", () =>
    Effect.gen(function* () {
      const keyed = { "idempotency-key": "a" }
      const first = yield* send([["image", helloBlob(), "a.txt"]], keyed)
      const again = yield* send([["image", helloBlob(), "a.txt"]], keyed)
      assert.deepStrictEqual([again.status, again.text], [200, first.text])
      const other = yield* send([["image", new Blob(["other"], { type: "text/plain" }), "a.txt"]], keyed)
      assert.strictEqual(other.status, 409)
    }).pipe(Effect.provide(served(looking)))
  )

  it.live("is followed as any other invocation", () =>
    Effect.gen(function* () {
      const { text } = yield* send([["image", helloBlob(), "a.txt"]], { accept: "text/event-stream" })
      const events = told(text)
      assert.deepStrictEqual(names(events), ["run_started", "run_finished"])
      assert.deepInclude(events[0]?.data["parameters"], {
        image: { name: "a.txt", contentType: "text/plain", size: 5, digest }
      })
    }).pipe(Effect.provide(served(looking)))
  )
})

describe("a file in JSON", () => {
  const data = Buffer.from("hello").toString("base64")

  it.live("is Base64 or a data URL, and the same handle", () =>
    Effect.gen(function* () {
      for (const [image, name] of [
        [{ data, contentType: "text/plain", name: "a.txt" }, "a.txt"],
        [`data:text/plain;base64,${data}`, "file"],
        ["data:text/plain,hello", "file"],
        [`data:;base64,${data}`, "file"]
      ] as const) {
        const reply = yield* invoke({ image })
        assert.deepStrictEqual(outputs(reply).image, { ...hello, name })
        assert.notInclude(JSON.stringify(yield* newest), data)
      }
    }).pipe(Effect.provide(served(looking)))
  )

  it.live("is refused with its path, without a repetition of the value", () =>
    Effect.gen(function* () {
      for (const [image, reason] of [
        ["hello", "must be a file"],
        [7, "must be a file"],
        [{ data: "%%%" }, "Base64"],
        [{ data, extra: 1 }, "must be a file"],
        ["data:text/plain;base64,%%%", "Base64"],
        [{ data }, "content types"],
        [{ data, contentType: "application/pdf" }, "content types"],
        [{ data: Buffer.alloc(100_001).toString("base64"), contentType: "image/png" }, "at most 100000 bytes"],
        [{ name: "a.txt", contentType: "text/plain", size: 5, digest }, "must be a file"]
      ] as const) {
        const reply = yield* invoke({ image })
        assert.strictEqual(reply.status, 400)
        const [issue] = issues(reply)
        assert.strictEqual(issue?.path, "parameters.image")
        assert.include(issue?.reason, reason)
        assert.notInclude(reply.text, "%%%")
      }
    }).pipe(Effect.provide(served(looking)))
  )
})

describe("the typed client", () => {
  it.live("sends bytes, blobs and files as a form, and other files as JSON", () =>
    Effect.gen(function* () {
      const client = Client.make(looking, { url: (yield* Serve.Served).url })
      const bytes = new TextEncoder().encode("hello")
      const described = yield* File.fromBytes(bytes, { name: "a.txt", contentType: "text/plain" })
      assert.deepStrictEqual((yield* client.invoke({ image: described, width: 3 })).image, hello)
      assert.deepStrictEqual((yield* client.invoke({ image: helloBlob() })).image, { ...hello, name: "file" })
      const named = new globalThis.File(["hello"], "a.txt", { type: "text/plain" })
      const { image, pages } = yield* client.invoke({ image: named, pages: [bytes, new Blob(["x"])] })
      assert.deepStrictEqual(image, hello)
      assert.deepStrictEqual(
        pages.map(({ text }) => text),
        ["hello", "x"]
      )
      const inJson = yield* client.invoke({ image: "data:text/plain,hello" })
      assert.strictEqual(inJson.image.text, "hello")
      const error = yield* Effect.flip(client.invoke({ image: bytes }))
      assert.strictEqual(error._tag, "DeploymentInvalidParameters")
    }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(served(looking)))
  )
})

describe("a pipeline with files outside a service", () => {
  it.effect("takes a file in memory", () =>
    Effect.gen(function* () {
      const image = yield* File.fromBytes(new TextEncoder().encode("hello"), {
        name: "a.txt",
        contentType: "text/plain"
      })
      const seen = yield* Pipeline.run(looking, { image, width: 1 })
      assert.deepStrictEqual(seen.image, { ...hello, onDisk: false })
      const decoded = yield* Schema.decode(looking.input)({ image: "data:text/plain,hello" })
      assert.strictEqual(decoded.image.digest, digest)
    })
  )
})

describe("a run whose caller leaves", () => {
  it.live("has its folder removed when it has ended", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<string>()
      const holding = Pipeline.make("holding", {
        input: Schema.Struct({ image: Input.file({ maxBytes: 10 }) }),
        output: Schema.Void,
        run: ({ image }) =>
          Effect.zipRight(
            Deferred.succeed(
              begun,
              Option.getOrElse(image.path, () => "none")
            ),
            Effect.never
          )
      })
      yield* Effect.gen(function* () {
        yield* Effect.raceFirst(send([["image", helloBlob(), "a.txt"]]), Deferred.await(begun))
        const path = yield* Deferred.await(begun)
        assert.notStrictEqual(path, "none")
        yield* gone(path)
      }).pipe(Effect.provide(served(holding)))
    })
  )
})
