// The files of the setting `static`: a single-page app beside its pipeline.
import { randomUUID } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Either, Layer, Schema } from "effect"
import { Pipeline, Settings } from "effect-deployers"
import * as Range from "../../../src/Server/Http/Static/Range.js"
import { isHashed } from "../../../src/Server/Http/Static/StaticFiles.js"
import { invoke, key, memory, quiet, raw, request, served, serving } from "../Harness.js"

const project = join(tmpdir(), `static-${randomUUID()}`)
const folder = `${project}/dist`
const script = `console.log("${"x".repeat(3_000)}")`

/** A built app, with files beside it that no caller may read. */
const built = Layer.scopedDiscard(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.acquireRelease(Effect.void, () => Effect.orDie(fs.remove(project, { recursive: true })))
    for (const name of ["assets", ".git", "guide", "empty"]) {
      yield* fs.makeDirectory(`${folder}/${name}`, { recursive: true })
    }
    const texts = {
      "secret.txt": "SECRET",
      "dist/index.html": "<!doctype html><title>app</title>",
      "dist/assets/index-BfT3kD9x.js": script,
      "dist/robots.txt": "User-agent: *",
      "dist/digits.bin": "0123456789",
      "dist/with space é.txt": "space",
      "dist/.env": "SECRET",
      "dist/.git/config": "SECRET",
      "dist/guide/index.html": "<title>guide</title>"
    }
    for (const [name, text] of Object.entries(texts)) yield* fs.writeFileString(`${project}/${name}`, text)
    const links = {
      "link.txt": "/etc/hostname",
      linked: project,
      "up.txt": "../secret.txt",
      "env.txt": ".env",
      "alias.txt": "robots.txt"
    }
    for (const [name, target] of Object.entries(links)) yield* fs.symlink(target, `${folder}/${name}`)
  })
).pipe(Layer.provide(NodeFileSystem.layer), Layer.orDie)

const pipeline = Pipeline.make("page", {
  input: Schema.Struct({ x: Schema.Number }),
  output: Schema.Number,
  run: ({ x }) => Effect.succeed(x)
})

const servedWith = (files: Partial<NonNullable<Settings.ServingInput["static"]>>, more: Settings.ServingInput = {}) =>
  Layer.provideMerge(served(pipeline, { key, serving: { static: { folder, ...files }, ...more } }), built)

/** One request with these headers only, where `fetch` has some of its own. */
const bare = (path: string, headers: ReadonlyArray<string> = []) =>
  raw([[`GET ${path} HTTP/1.1`, "Host: localhost", "Connection: close", ...headers, "", ""].join("\r\n")], {
    keepOpen: true
  })

const get = (path: string, headers: Record<string, string> = {}) => request(path, { headers })

describe("static files", () => {
  layer(servedWith({}), { excludeTestServices: true })("at the root", (it) => {
    const rows: ReadonlyArray<readonly [path: string, type: string, text: string]> = [
      ["/", "text/html; charset=utf-8", "<!doctype html><title>app</title>"],
      ["/index.html", "text/html; charset=utf-8", "<!doctype html><title>app</title>"],
      ["/assets/index-BfT3kD9x.js", "text/javascript; charset=utf-8", script],
      ["/robots.txt", "text/plain; charset=utf-8", "User-agent: *"],
      ["/robots.txt?v=2", "text/plain; charset=utf-8", "User-agent: *"],
      ["/digits.bin", "application/octet-stream", "0123456789"],
      ["/with%20space%20%C3%A9.txt", "text/plain; charset=utf-8", "space"],
      ["/guide/", "text/html; charset=utf-8", "<title>guide</title>"],
      ["/alias.txt", "text/plain; charset=utf-8", "User-agent: *"]
    ]
    for (const [path, type, text] of rows) {
      it.effect(`are found: ${path}`, () =>
        Effect.gen(function* () {
          const reply = yield* request(path)
          assert.deepStrictEqual([reply.status, reply.headers.get("content-type"), reply.text], [200, type, text])
          assert.strictEqual(reply.headers.get("x-content-type-options"), "nosniff")
          assert.include(reply.headers.get("content-security-policy") ?? "", "default-src 'self'")
        })
      )
    }
    it.effect("have a fallback for navigations only", () =>
      Effect.gen(function* () {
        for (const path of ["/orders/17", "/anything", "/guide/none"]) {
          for (const headers of [["Accept: text/html,*/*;q=0.8"], ["Sec-Fetch-Mode: navigate"]]) {
            const page = yield* bare(path, headers)
            assert.match(page, /^HTTP\/1\.1 200 /, path)
            assert.match(page, /cache-control: no-cache\r\n[\s\S]*<title>app/i)
          }
          for (const headers of [[], ["Accept: */*"], ["Accept: text/html", "Sec-Fetch-Mode: cors"]]) {
            assert.match(yield* bare(path, headers), /^HTTP\/1\.1 404 /, path)
          }
        }
      })
    )
    it.effect("never include what lies outside, is hidden, or is no file", () =>
      Effect.gen(function* () {
        const paths = [
          "/../secret.txt",
          "/%2e%2e/secret.txt",
          "/..%2fsecret.txt",
          "/assets/../../secret.txt",
          "/assets/%2e%2e/%2e%2e/secret.txt",
          "/..%5csecret.txt",
          "/.env",
          "/%2eenv",
          "/.git/config",
          "/link.txt",
          "/linked/secret.txt",
          "/up.txt",
          "/env.txt",
          "/empty/",
          "/assets",
          "/robots.txt/",
          "/robots.txt%00",
          "/%ff",
          "//etc/hostname"
        ]
        for (const path of paths) {
          const reply = yield* bare(path)
          assert.match(reply, /^HTTP\/1\.1 40[04] /, path)
          assert.notInclude(reply, "SECRET", path)
        }
      })
    )
    it.effect("lead from a folder to its page", () =>
      Effect.gen(function* () {
        const { headers, status } = yield* get("/guide?a=1")
        assert.deepStrictEqual([status, headers.get("location")], [308, "/guide/?a=1"])
      })
    )
    it.effect("are asked for again with their tag", () =>
      Effect.gen(function* () {
        for (const path of ["/", "/assets/index-BfT3kD9x.js", "/digits.bin"]) {
          const { headers } = yield* get(path)
          const tag = headers.get("etag") ?? ""
          assert.match(tag, /^"[\w-]{27}(-(br|gzip))?"$/)
          for (const condition of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
            const again = yield* get(path, { "if-none-match": condition })
            assert.deepStrictEqual([again.status, again.text, again.headers.get("etag")], [304, "", tag], path)
          }
          assert.strictEqual((yield* get(path, { "if-none-match": '"other"' })).status, 200)
        }
      })
    )
    it.effect("with a digest in their name are kept for good, others are not", () =>
      Effect.gen(function* () {
        const hashed = yield* get("/assets/index-BfT3kD9x.js")
        assert.strictEqual(hashed.headers.get("cache-control"), "public, max-age=31536000, immutable")
        assert.strictEqual((yield* get("/robots.txt")).headers.get("cache-control"), "no-cache")
      })
    )
    it.effect("are compressed once for those who accept it, and differ by that", () =>
      Effect.gen(function* () {
        const path = "/assets/index-BfT3kD9x.js"
        const plain = yield* get(path, { "accept-encoding": "identity" })
        assert.strictEqual(plain.headers.get("content-encoding"), null)
        assert.strictEqual(plain.headers.get("content-length"), String(script.length))
        for (const encoding of ["br", "gzip"]) {
          const { headers, text } = yield* get(path, { "accept-encoding": encoding })
          assert.deepStrictEqual([headers.get("content-encoding"), text], [encoding, script])
          assert.match(headers.get("vary") ?? "", /accept-encoding/i)
          assert.notStrictEqual(headers.get("etag"), plain.headers.get("etag"))
        }
      })
    )
    it.effect("are sent in part", () =>
      Effect.gen(function* () {
        const rows: ReadonlyArray<readonly [range: string, status: number, text: string, part: string | null]> = [
          ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
          ["bytes=7-", 206, "789", "bytes 7-9/10"],
          ["bytes=-2", 206, "89", "bytes 8-9/10"],
          ["bytes=8-99", 206, "89", "bytes 8-9/10"],
          ["bytes=10-", 416, "", "bytes */10"],
          ["bytes=0-1,4-5", 200, "0123456789", null],
          ["lines=0-1", 200, "0123456789", null]
        ]
        for (const [range, status, text, part] of rows) {
          const reply = yield* get("/digits.bin", { range })
          assert.deepStrictEqual(
            [reply.status, reply.text, reply.headers.get("content-range")],
            [status, text, part],
            range
          )
        }
        const tag = (yield* get("/digits.bin")).headers.get("etag") ?? ""
        assert.strictEqual((yield* get("/digits.bin", { range: "bytes=0-3", "if-range": tag })).status, 206)
        assert.strictEqual((yield* get("/digits.bin", { range: "bytes=0-3", "if-range": '"old"' })).status, 200)
      })
    )
    it.effect("answer HEAD with the headers of GET", () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* request("/digits.bin", { method: "HEAD" })
        assert.deepStrictEqual([status, headers.get("content-length"), text], [200, "10", ""])
        assert.strictEqual((yield* request("/digits.bin", { method: "POST" })).status, 405)
      })
    )
    it.effect("need no key, and leave the endpoints as they are", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* invoke({ x: 1 })).status, 401)
        assert.strictEqual((yield* invoke({ x: 1 }, {}, { headers: { authorization: `Bearer ${key}` } })).status, 200)
        assert.strictEqual((yield* request("/runs")).status, 401)
        assert.strictEqual((yield* request("/health")).json["status"], "ready")
        assert.strictEqual((yield* request("/info")).status, 200)
      })
    )
  })
  layer(
    servedWith(
      { path: "/app", fallback: false, contentSecurityPolicy: "default-src 'none'", immutable: false },
      { rootUrlPath: "/svc", compression: false }
    ),
    { excludeTestServices: true }
  )("below a path", (it) => {
    it.effect("are there, with the settings that they have", () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* get("/svc/app/assets/index-BfT3kD9x.js")
        assert.deepStrictEqual([status, text], [200, script])
        assert.strictEqual(headers.get("content-security-policy"), "default-src 'none'")
        assert.strictEqual(headers.get("cache-control"), "no-cache")
        assert.strictEqual(headers.get("content-encoding"), null)
        assert.strictEqual((yield* request("/svc/app")).status, 200)
        assert.match(yield* bare("/svc/app/orders", ["Accept: text/html"]), /^HTTP\/1\.1 404 /)
        assert.strictEqual((yield* request("/app/robots.txt")).status, 404)
        assert.include((yield* request("/svc")).text, "Deployment")
      })
    )
  })
  it.live("that are not there keep the service from starting", () =>
    Effect.gen(function* () {
      const settings = { serving: { static: { folder: "no/such/folder" } } }
      const error = yield* Effect.flip(Layer.build(serving(pipeline, settings)))
      assert.include(error.message, "static.folder: there is no folder ")
    }).pipe(Effect.scoped, Effect.provide([memory(), quiet]))
  )
  it.each(["", "../web", ".next", "a/../b", "web/*", "a\\b"])("refuse the folder %j", (refused) => {
    const result = Schema.decodeUnknownEither(Settings.Serving)({ static: { folder: refused } })
    assert.include(
      Either.match(result, { onLeft: String, onRight: () => "accepted" }),
      "must be a folder of the project"
    )
  })
})

describe("the name of a file", () => {
  it.each([
    "index-BfT3kD9x.js",
    "main.3f2a1b9c.js",
    "app.3f2a1b9c4d5e6f70.css",
    "index-BfT3kD9x.js.map",
    "a-Dk_9-x2Q.css"
  ])("has a digest: %s", (name) => assert.isTrue(isHashed(name)))
  it.each(["index.html", "my-component.js", "data-20240101.csv", "user-settings.js", "jquery-3.7.1.min.js", "a.b.c"])(
    "has none: %s",
    (name) => assert.isFalse(isHashed(name))
  )
})

describe("a range", () => {
  it.each([
    ["bytes=0-0", 1, { start: 0, length: 1 }],
    ["bytes=-5", 3, { start: 0, length: 3 }],
    ["bytes=-0", 3, "none"],
    ["bytes=0-", 0, "none"],
    ["bytes=5-2", 10, undefined],
    ["bytes=-", 10, undefined],
    [undefined, 10, undefined]
  ] as const)("%s of %i bytes", (header, bytes, expected) => {
    assert.deepStrictEqual(Range.of(header, bytes), expected)
  })
})
