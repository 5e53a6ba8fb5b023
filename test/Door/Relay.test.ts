/** The program of the door of containers, as a process between callers and servers of this process. */
import { spawn } from "node:child_process"
import * as Http from "node:http"
import * as Net from "node:net"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { relayProgram } from "../../src/Door/Packed.js"
import type * as HttpServer from "../../src/Server/Http/HttpServer.js"
import * as NodeServer from "../../src/Server/Http/NodeServer.js"
import { freePort } from "../Docker/Engine.js"

/** A door with its folder and port. */
const opened = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  yield* fs.writeFileString(`${folder}/relay.mjs`, relayProgram)
  const port = yield* freePort
  yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [`${folder}/relay.mjs`, folder, `${port}`], { stdio: "inherit" })),
    (child) =>
      Effect.async<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
  )
  yield* Effect.retry(connect(port), Schedule.spaced("20 millis"))
  return { folder, port }
})

type Door = Effect.Effect.Success<typeof opened>

const connect = (port: number) =>
  Effect.async<void, string>((resume) => {
    const socket = Net.connect({ host: "127.0.0.1", port }, () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.once("error", ({ message }) => resume(Effect.fail(message)))
  })

const leadTo = ({ folder }: Door, generation: number) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.writeFileString(`${folder}/state.json`, JSON.stringify({ generation }))
  )

/** A generation that takes the connections of a door. */
const serve = ({ folder }: Door, generation: number, handler?: HttpServer.Handler) =>
  Effect.gen(function* () {
    const server = yield* NodeServer.listen(
      handler ?? ((request, response) => response.end(`${generation} ${request.socket.remoteAddress}`)),
      { host: "127.0.0.1", fallback: true }
    )
    yield* server.accept(`${folder}/${generation}.sock`)
    return server
  })

const ask = ({ port }: Door, { agent = false, body }: { agent?: Http.Agent | false; body?: Uint8Array } = {}) =>
  Effect.async<string, string>((resume) => {
    const method = body === undefined ? "GET" : "POST"
    const request = Http.request({ host: "127.0.0.1", port, agent, method }, (response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.once("end", () => resume(Effect.succeed(Buffer.concat(pieces).toString("latin1"))))
      response.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    })
    request.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

layer(NodeContext.layer, { excludeTestServices: true, timeout: "1 minute" })("the door of containers", (it) => {
  it.scoped("leads new connections to the generation of its file, and leaves open ones where they are", () =>
    Effect.gen(function* () {
      const door = yield* opened
      yield* serve(door, 1)
      yield* serve(door, 2)
      yield* leadTo(door, 1)
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 1 })),
        (agent) => Effect.sync(() => agent.destroy())
      )
      assert.strictEqual(yield* ask(door, { agent }), "1 127.0.0.1")
      yield* leadTo(door, 2)
      yield* Effect.repeat(ask(door), { until: (answer) => answer === "2 127.0.0.1" })
      assert.strictEqual(yield* ask(door, { agent }), "1 127.0.0.1")
    })
  )

  it.scoped("lets a connection wait until an instance takes it", () =>
    Effect.gen(function* () {
      const door = yield* opened
      const early = yield* Effect.fork(ask(door))
      yield* leadTo(door, 3)
      yield* serve(door, 3)
      assert.strictEqual(yield* Fiber.join(early), "3 127.0.0.1")
    })
  )

  it.scoped(
    "offers a connection again that an instance does not acknowledge, with nothing of the caller sent before",
    () =>
      Effect.gen(function* () {
        const door = yield* opened
        const received: Array<string> = []
        yield* Effect.acquireRelease(
          Effect.async<Net.Server>((resume) => {
            const server = Net.createServer((socket) => {
              socket.once("data", (data) => {
                received.push(data.toString())
                socket.destroy()
              })
            })
            server.listen(`${door.folder}/4.sock`, () => resume(Effect.succeed(server)))
          }),
          (server) => Effect.sync(() => server.close())
        )
        yield* leadTo(door, 4)
        const asked = yield* Effect.fork(ask(door))
        yield* Effect.repeat(
          Effect.suspend(() => Effect.succeed(received.length)),
          { until: (count) => count >= 3, schedule: Schedule.spaced("10 millis") }
        )
        yield* serve(door, 5)
        yield* leadTo(door, 5)
        assert.strictEqual(yield* Fiber.join(asked), "5 127.0.0.1")
        for (const text of received) assert.match(text, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/)
      })
  )

  it.scoped("ignores a file that is not complete", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const door = yield* opened
      yield* serve(door, 12)
      yield* leadTo(door, 12)
      assert.strictEqual(yield* ask(door), "12 127.0.0.1")
      for (const text of ["", '{"generation":1', "null"]) {
        yield* fs.writeFileString(`${door.folder}/state.json`, text)
        assert.strictEqual(yield* ask(door), "12 127.0.0.1")
      }
      yield* fs.remove(`${door.folder}/state.json`)
      assert.strictEqual(yield* ask(door), "12 127.0.0.1")
    })
  )

  it.scoped("relays every byte, also to a caller that reads slowly, and does not hide a cut answer", () =>
    Effect.gen(function* () {
      const door = yield* opened
      const body = Buffer.alloc(5_000_000, "0123456789")
      yield* serve(door, 1, (request, response) => {
        if (request.method === "POST") return void request.pipe(response)
        response.write("half", () => response.socket?.destroy())
      })
      yield* leadTo(door, 1)
      assert.isTrue((yield* ask(door, { body })) === body.toString("latin1"))
      assert.strictEqual(yield* Effect.flip(ask(door)), "ECONNRESET")
    })
  )
})
