import { createServer, type RequestListener, type Server } from "node:http"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Stream } from "effect"
import { DockerClient, layer } from "../../../src/Docker/DockerClient.js"
import * as Ports from "../../../src/Flavor/Ports.js"

const clientOf = (host: string) =>
  Effect.provide(
    DockerClient,
    layer({ host, deadline: "300 millis" }).pipe(Layer.provide(NodeContext.layer), Layer.provide(Ports.layer))
  )

/** A client of a server on a socket that answers as the test says. */
const talkingTo = (answer: RequestListener) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const socket = `${yield* fs.makeTempDirectoryScoped()}/engine.sock`
    yield* Effect.acquireRelease(
      Effect.async<Server>((resume) => {
        const server = createServer(answer)
        server.listen(socket, () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.closeAllConnections()
          server.close(() => resume(Effect.void))
        })
    )
    return yield* clientOf(`unix://${socket}`)
  }).pipe(Effect.provide(NodeContext.layer))

const spec = { image: "weather:1", name: "weather", labels: {} }

describe("Transport", () => {
  it.live("fails with the address of a missing engine, and nothing is changed", () =>
    Effect.gen(function* () {
      const docker = yield* clientOf("unix:///nowhere/engine.sock")
      const asked = yield* Effect.flip(docker.engine.ping)
      assert.strictEqual(asked._tag, "EngineUnreachable")
      assert.match(asked.message, /unix:\/\/\/nowhere\/engine\.sock.*does not exist.*DOCKER_HOST/)
      assert.strictEqual((yield* Effect.flip(docker.containers.create(spec)))._tag, "EngineUnreachable")
      const refused = yield* clientOf("tcp://127.0.0.1:1")
      assert.strictEqual((yield* Effect.flip(refused.containers.create(spec)))._tag, "EngineUnreachable")
    })
  )

  it.scopedLive("gives up a silent engine: a question timed out, the outcome of a change is unknown", () =>
    Effect.gen(function* () {
      const docker = yield* talkingTo(() => {})
      const asked = yield* Effect.flip(docker.engine.info)
      assert.strictEqual(asked._tag, "EngineTimeout")
      const changed = yield* Effect.flip(docker.containers.create(spec))
      assert.strictEqual(changed._tag, "OutcomeUnknown")
      assert.deepInclude(changed, { operation: "create a container", resource: "weather" })
    })
  )

  it.scopedLive("gives it up in an uninterruptible region, too", () =>
    Effect.gen(function* () {
      const docker = yield* talkingTo(() => {})
      const asked = yield* Effect.uninterruptible(Effect.flip(docker.engine.info))
      assert.strictEqual(asked._tag, "EngineTimeout")
      const changed = yield* Effect.uninterruptible(Effect.flip(docker.containers.create(spec)))
      assert.strictEqual(changed._tag, "OutcomeUnknown")
    })
  )

  it.scopedLive("gives up an engine that stops in the middle of its answer", () =>
    Effect.gen(function* () {
      const docker = yield* talkingTo((_, response) => {
        response.writeHead(201, { "content-length": "100" })
        response.write('{"Id":')
      })
      assert.strictEqual((yield* Effect.flip(docker.containers.create(spec)))._tag, "OutcomeUnknown")
    })
  )

  it.scopedLive("knows that a broken connection leaves a change uncertain, and a question only unanswered", () =>
    Effect.gen(function* () {
      const docker = yield* talkingTo((request) => {
        request.socket.destroy()
      })
      assert.strictEqual((yield* Effect.flip(docker.containers.create(spec)))._tag, "OutcomeUnknown")
      assert.strictEqual((yield* Effect.flip(docker.containers.remove("x")))._tag, "OutcomeUnknown")
      assert.strictEqual((yield* Effect.flip(docker.containers.inspect("x")))._tag, "EngineUnreachable")
      assert.strictEqual((yield* Effect.flip(docker.containers.wait("x")))._tag, "EngineUnreachable")
    })
  )

  it.scopedLive("stops waiting when the engine dies", () =>
    Effect.gen(function* () {
      const docker = yield* talkingTo((_, response) => {
        response.writeHead(200)
        response.flushHeaders()
        setTimeout(() => response.destroy(), 50)
      })
      assert.strictEqual((yield* Effect.flip(docker.containers.wait("x")))._tag, "EngineUnreachable")
      const events = yield* Effect.flip(Stream.runDrain(docker.events()))
      assert.strictEqual(events._tag, "EngineUnreachable")
    })
  )

  it.scopedLive("distinguishes refused access from unexpected answers", () =>
    Effect.gen(function* () {
      const docker = yield* talkingTo((request, response) => {
        response.statusCode = request.url?.startsWith("/info") ? 403 : 500
        response.end(JSON.stringify({ message: "no." }))
      })
      const refused = yield* Effect.flip(docker.engine.info)
      assert.strictEqual(refused._tag, "EngineRefused")
      assert.deepInclude(refused, { reason: "no" })
      const failed = yield* Effect.flip(docker.engine.version)
      assert.deepInclude(failed, { _tag: "EngineError", status: 500, reason: "no" })
    })
  )

  it.scopedLive("passes over what it does not know, and refuses what is no answer", () =>
    Effect.gen(function* () {
      const answers = ['{"ID":"e","News":[1]}', '{"ID":7}', "<html>"]
      const docker = yield* talkingTo((_, response) => {
        response.end(answers.shift())
      })
      const info = yield* docker.engine.info
      assert.deepInclude(info, { id: "e", cpus: 0, rootless: false })
      assert.strictEqual((yield* Effect.flip(docker.engine.info))._tag, "EngineError")
      assert.strictEqual((yield* Effect.flip(docker.engine.info))._tag, "EngineError")
    })
  )

  it.scopedLive("finds failures between the lines of a progress that ends well", () =>
    Effect.gen(function* () {
      const lines = [
        { stream: "Step 1/2 : RUN x\n" },
        { stream: " ---> Running\n" },
        { errorDetail: { code: 7, message: "it returned a non-zero code: 7" }, error: "it returned" }
      ]
      const docker = yield* talkingTo((request, response) => {
        request.resume()
        request.on("end", () => response.end(lines.map((line) => `${JSON.stringify(line)}\r\n`).join("")))
      })
      const failed = yield* Effect.flip(Stream.runDrain(docker.images.build(Stream.make(new Uint8Array(10)))))
      assert.deepInclude(failed, { _tag: "ImageBuildFailed", exitCode: 7 })
      assert.deepStrictEqual("log" in failed && failed.log, ["Step 1/2 : RUN x", " ---> Running"])
      const pulled = yield* Effect.flip(Stream.runDrain(docker.images.pull("weather:1")))
      assert.strictEqual(pulled._tag, "ImageUnavailable")
    })
  )

  it.scopedLive("ends the request when it is interrupted", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.makeLatch(false)
      const asked = yield* Effect.makeLatch(false)
      const docker = yield* talkingTo((request) => {
        asked.unsafeOpen()
        request.socket.once("close", () => gone.unsafeOpen())
      })
      const waiting = yield* Effect.fork(docker.containers.wait("x"))
      yield* asked.await
      yield* Fiber.interrupt(waiting)
      yield* gone.await
    })
  )

  it.scopedLive("asks with filters, and polls a removal that is under way until it is over", () =>
    Effect.gen(function* () {
      const urls: Array<string> = []
      const statuses = [409, 200, 409, 200, 404]
      const docker = yield* talkingTo((request, response) => {
        urls.push(decodeURIComponent(request.url ?? ""))
        response.statusCode = statuses.shift() ?? 200
        const inspected = { Id: "x", State: { Status: "removing" }, Config: {}, HostConfig: {}, NetworkSettings: {} }
        response.end(request.method === "GET" ? JSON.stringify(inspected) : "{}")
      })
      yield* docker.containers.remove("x", { force: true })
      assert.deepStrictEqual(statuses, [])
      assert.match(urls[0] ?? "", /^\/containers\/x\?force=true&v=true$/)
      const listing = yield* talkingTo((request, response) => {
        urls.push(decodeURIComponent(request.url ?? ""))
        response.end("[]")
      })
      yield* listing.containers.list({ a: "b", c: true })
      assert.include(urls.at(-1), 'filters={"label":["a=b","c"]}')
    })
  )

  it.scopedLive("returns the names of loaded images", () =>
    Effect.gen(function* () {
      const docker = yield* talkingTo((request, response) => {
        request.resume()
        request.on("end", () => response.end('{"stream":"Loaded image: weather:1\\n"}\n'))
      })
      const events = yield* Stream.runCollect(docker.images.load(Stream.make(new Uint8Array(10))))
      assert.deepInclude(Chunk.toReadonlyArray(events).at(-1), { _tag: "Done", image: "weather:1" })
    })
  )
})
