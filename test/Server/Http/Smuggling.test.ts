import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { RunStore } from "../../../src/Store/RunStore.js"
import { key, raw, served, statusOf } from "../Harness.js"
import { weather } from "../Pipelines.js"

const smuggledBody = '{"parameters":{"city":"Smuggled"}}'

/** A request that must never be read as one of its own. */
const smuggled = [
  "POST /invoke HTTP/1.1",
  "Host: localhost",
  `Authorization: Bearer ${key}`,
  "Content-Type: application/json",
  `Content-Length: ${smuggledBody.length}`,
  "",
  smuggledBody
].join("\r\n")

const head = (...lines: ReadonlyArray<string>) =>
  ["POST /invoke HTTP/1.1", "Host: localhost", "Content-Type: application/json", ...lines, "", ""].join("\r\n")

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
const own = '{"parameters":{"city":"Own"}}'

/** Two readers of one of these see different ends of its body, and with that different next requests. */
const ambiguous: ReadonlyArray<readonly [string, string]> = [
  ["CL.TE", `${head("Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n${smuggled}`],
  ["TE.CL", `${head("Transfer-Encoding: chunked", "Content-Length: 4")}${chunk(smuggled)}0\r\n\r\n`],
  ["TE.TE, an unknown coding", `${head("Transfer-Encoding: xchunked")}${chunk(own)}0\r\n\r\n${smuggled}`],
  ["TE.TE, chunked twice", `${head("Transfer-Encoding: chunked", "Transfer-Encoding: identity")}0\r\n\r\n${smuggled}`],
  ["chunked in disguise", `${head("Transfer-Encoding: chunked\x0b")}0\r\n\r\n${smuggled}`],
  ["two lengths that differ", `${head("Content-Length: 5", "Content-Length: 6")}hello${smuggled}`],
  ["two equal lengths", `${head("Content-Length: 5", "Content-Length: 5")}hello${smuggled}`],
  ["a list of lengths", `${head("Content-Length: 5, 5")}hello${smuggled}`],
  ["a signed length", `${head("Content-Length: +5")}hello${smuggled}`],
  ["a hexadecimal length", `${head("Content-Length: 0x5")}hello${smuggled}`],
  ["a length with a space", `${head("Content-Length: 5 5")}hello${smuggled}`],
  ["a folded header", `${head("Content-Length:", " 5")}hello${smuggled}`],
  ["a folded header of its own", `${head("X-Folded: a", "\tTransfer-Encoding: chunked")}${smuggled}`],
  ["a space before the colon", `${head("Content-Length : 5")}hello${smuggled}`],
  ["bare line feeds", head("Content-Length: 0").replaceAll("\r\n", "\n") + smuggled],
  ["one bare line feed", `${head("X-A: b\nContent-Length: 5")}hello${smuggled}`],
  ["a bare carriage return", `${head("X-A: b\rContent-Length: 5")}hello${smuggled}`],
  ["a null byte in a header", `${head("X-A: a\0b")}${smuggled}`],
  ["a null byte in the target", head().replace("/invoke", "/in\0voke") + smuggled],
  ["a null byte in a name", `${head("X\0A: b")}${smuggled}`],
  ["a bad size of a chunk", `${head("Transfer-Encoding: chunked")}zz\r\nhello\r\n0\r\n\r\n${smuggled}`],
  ["a negative size of a chunk", `${head("Transfer-Encoding: chunked")}-5\r\nhello\r\n0\r\n\r\n${smuggled}`],
  ["a size with a line feed", `${head("Transfer-Encoding: chunked")}5;a\nb\r\nhello\r\n0\r\n\r\n${smuggled}`],
  ["an unknown version", head().replace("HTTP/1.1", "HTTP/9.9") + smuggled],
  ["headers of 20 kB", `${head(`X-Long: ${"x".repeat(20_000)}`)}${smuggled}`],
  ["two thousand headers", `${head(...Array.from({ length: 2_000 }, (_, i) => `X-${i}: ${i}`))}${smuggled}`]
]

describe("F36 G24: a request whose end is ambiguous", () => {
  layer(served(weather, { key }), { excludeTestServices: true })((it) => {
    it.effect.each(ambiguous)("%s is refused, and nothing behind it is run", ([, bytes]) =>
      Effect.gen(function* () {
        const reply = yield* raw([bytes], { keepOpen: true })
        // Node may refuse the head, and the body again: the connection ends with the last refusal.
        const statuses = Array.from(reply.matchAll(/^HTTP\/1\.1 (\d+)/gm), ([, status]) => Number(status))
        for (const status of statuses) assert.include([400, 401, 431], status)
        if (reply !== "") assert.match(reply, /connection: close/i)
        assert.notInclude(reply, "Smuggled")
        const { runs } = yield* Effect.flatMap(RunStore, (store) => store.list({ limit: 10 }))
        assert.isEmpty(runs)
      })
    )
    it.effect("a request behind one that is refused for its body is not mixed up with it", () =>
      Effect.gen(function* () {
        const refused = `${head(`Authorization: Bearer ${key}`, "Content-Length: 3")}{]}`
        const next = smuggled
          .replace("Content-Type", "Connection: close\r\nContent-Type")
          .replaceAll("Smuggled", "Behind!!")
        const reply = yield* raw([refused + next], { keepOpen: true })
        assert.deepStrictEqual(
          Array.from(reply.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status),
          ["400", "200"]
        )
        assert.isBelow(reply.indexOf("not valid JSON"), reply.indexOf("Behind!!: 8C"))
      })
    )
    it.effect("an absolute target is routed by its path and judged by its host", () =>
      Effect.gen(function* () {
        const to = (target: string) =>
          Effect.map(raw([`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`]), statusOf)
        assert.strictEqual(yield* to("http://localhost/health"), 200)
        assert.strictEqual(yield* to("http://localhost/runs"), 401)
        assert.strictEqual(yield* to("http://elsewhere/health"), 400)
      })
    )
  })
})
