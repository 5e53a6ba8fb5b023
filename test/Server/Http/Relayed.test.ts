import * as Net from "node:net"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type * as HttpServer from "../../../src/Server/Http/HttpServer.js"
import * as NodeServer from "../../../src/Server/Http/NodeServer.js"

const handler: HttpServer.Handler = ({ socket, url }, response) => {
  const { localPort, remoteAddress, remoteFamily, remotePort } = socket
  response.end(JSON.stringify([url, remoteFamily, remoteAddress, remotePort, localPort]))
}

/** A server that takes relayed connections at the returned path. */
const listening = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* fs.makeTempDirectoryScoped()}/1.sock`
  const { accept } = yield* NodeServer.listen(handler, { host: "127.0.0.1", fallback: true })
  yield* accept(path)
  return path
})

/** Writes pieces, and the last one after the connection was acknowledged; returns everything received. */
const exchange = (path: string, pieces: ReadonlyArray<string>, last = "") =>
  Effect.async<string>((resume) => {
    let received = ""
    const socket = Net.connect({ path }, () => {
      socket.setNoDelay(true)
      for (const piece of pieces) socket.write(piece)
    })
    socket.on("data", (data) => {
      if (received === "" && last !== "") socket.write(last)
      received += data
    })
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(received)))
    return Effect.sync(() => socket.destroy())
  })

const request = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

layer(NodeContext.layer, { excludeTestServices: true })("a relayed connection", (it) => {
  for (const [what, pieces, seen] of [
    ["IPv4", ["PROXY TCP4 203.0.113.7 10.0.0.2 4711 8000\r\n"], ["IPv4", "203.0.113.7", 4711, 8000]],
    ["IPv6", ["PROXY TCP6 2001:db8::7 ::1 65535 1\r\n"], ["IPv6", "2001:db8::7", 65_535, 1]],
    [
      "a line in pieces",
      ["PROXY TC", "P4 203.0.113.7 10.0.0.2 4711 80", "00\r", "\n"],
      ["IPv4", "203.0.113.7", 4711, 8000]
    ]
  ] as const) {
    it.scoped(`is acknowledged and has the address of its caller: ${what}`, () =>
      Effect.gen(function* () {
        const received = yield* exchange(yield* listening, pieces, request)
        assert.match(received, /^\nHTTP\/1\.1 200 /)
        assert.deepStrictEqual<unknown>(JSON.parse(received.slice(received.indexOf("\r\n\r\n"))), ["/x", ...seen])
      })
    )
  }

  it.scoped("of a caller that has gone is served all the same", () =>
    Effect.gen(function* () {
      const received = yield* exchange(yield* listening, ["PROXY UNKNOWN\r\n"], request)
      assert.match(received, /^\nHTTP\/1\.1 200 /)
    })
  )

  for (const line of [
    request,
    "PROXY TCP4 203.0.113.7 10.0.0.2 4711\r\n",
    "PROXY UDP4 203.0.113.7 10.0.0.2 4711 8000\r\n",
    "PROXY TCP4 203.0.113.7 10.0.0.2 4711 8000 more\r\n",
    "\r\n",
    "P".repeat(1_000)
  ]) {
    it.scoped(`with another introduction is closed without an answer: ${JSON.stringify(line.slice(0, 40))}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* exchange(yield* listening, [line]), "")
      })
    )
  }
})
