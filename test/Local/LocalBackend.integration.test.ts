import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, ConfigProvider, Data, Effect, Fiber, Layer, Option, Schedule, Schema, Stream } from "effect"
import * as Ports from "../../src/Flavor/Ports.js"
import * as LocalBackend from "../../src/Local/LocalBackend.js"
import * as Metadata from "../../src/Local/Metadata.js"
import * as Processes from "../../src/Local/Processes.js"
import * as Sockets from "../../src/Local/Sockets.js"
import { Home } from "../../src/Store/Home.js"
import * as Fixtures from "./fixtures.js"

const { instance, request } = Fixtures

/** A bundle that listens at the address of its manifest, writes its endpoint, and ignores SIGTERM if its environment says so. */
const service = `
  import * as Fs from "node:fs"
  import * as Http from "node:http"
  const manifest = JSON.parse(Fs.readFileSync(process.argv[3], "utf8"))
  const secrets = manifest.secretsDirectory === undefined ? {} : Object.fromEntries(
    Fs.readdirSync(manifest.secretsDirectory).map((name) => [name, Fs.readFileSync(manifest.secretsDirectory + "/" + name, "utf8")])
  )
  const server = Http.createServer((_, response) => response.end(JSON.stringify({ env: process.env, secrets })))
  server.on("error", () => process.exit(69))
  server.listen(manifest.listen.port ?? 0, manifest.listen.host, () => {
    const draft = manifest.endpointFile + ".tmp"
    Fs.writeFileSync(draft, JSON.stringify({
      pid: process.pid, host: manifest.listen.host, port: server.address().port, generation: manifest.generation
    }))
    Fs.renameSync(draft, manifest.endpointFile)
    console.log("listening")
  })
  process.on("SIGTERM", () => {
    if (process.env.STUBBORN === "yes") return console.log("not yet")
    process.exit(143)
  })
`

const crash = `
  console.error("cannot find my keys")
  process.exit(70)
`

const chatty = `
  for (let line = 0; line < 50_000; line++) console.log("grün " + line)
  setInterval(() => console.log("beat"), 20)
`

/** Values that a careless reader changes. */
const exactValues = {
  NL: "abc\n",
  SP: "  x  ",
  EMPTY: "",
  PAIRS: "a=b=c",
  UNICODE: "gr\u00fc\u00df \u{1f30d}",
  BOM: "\ufeffx",
  CRLF: "l1\r\nl2\r\n",
  LONG: "x".repeat(100_000)
}

const layerWith = (program: string) =>
  Layer.mergeAll(Fixtures.layerHome(program), Processes.layer, Ports.layer, Sockets.layerNone).pipe(
    Layer.provideMerge(NodeFileSystem.layer)
  )

/** A backend whose deployment is removed at the end of the test. */
const makeBackend = Effect.acquireRelease(LocalBackend.make(), (backend) => Effect.orDie(backend.destroy(instance)))

class NotYet extends Data.TaggedError("NotYet") {}

const until = <A, E, R>(observe: Effect.Effect<A, E, R>, met: (value: A) => boolean) =>
  observe.pipe(
    Effect.filterOrFail(met, () => new NotYet()),
    Effect.retry({ while: (error) => error instanceof NotYet, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutFail({ duration: "20 seconds", onTimeout: () => new Error("the condition was never met") })
  )

const answerOf = (url: string | undefined) =>
  Effect.promise(() => fetch(`${url}`).then((response) => response.json())).pipe(
    Effect.flatMap(
      Schema.decodeUnknown(
        Schema.Struct({
          env: Schema.Record({ key: Schema.String, value: Schema.String }),
          secrets: Schema.Record({ key: Schema.String, value: Schema.String })
        })
      )
    )
  )

const pidOf = (metadata: unknown) => Option.getOrThrow(Metadata.decode(metadata)).pid

const generationFolder = Effect.map(Home, (home) => `${home.deployment(instance.deploymentId)}/generations/1`)

describe("LocalBackend", () => {
  it.live("the service gets each variable and each secret byte for byte", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      const { metadata } = yield* backend.provision(
        request({ secrets: exactValues, settings: { environment: exactValues } })
      )
      const running = yield* until(backend.state(instance, metadata), ({ status }) => status !== "pending")
      const { env, secrets } = yield* answerOf(running.url)
      assert.deepStrictEqual(secrets, exactValues)
      for (const [name, value] of Object.entries(exactValues)) assert.strictEqual(env[name], value)
    }).pipe(Effect.scoped, Effect.provide(layerWith(service)))
  )

  it.live("runs a service that a fresh backend finds again and ends", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      const { metadata } = yield* backend.provision(
        request({ secrets: { TOKEN: "s3cret" }, settings: { environment: { CITY: "Bonn" } } })
      )
      const running = yield* until(backend.state(instance, metadata), ({ status }) => status !== "pending")
      assert.strictEqual(running.status, "running")
      const answer = yield* answerOf(running.url)
      assert.deepStrictEqual(answer, {
        env: { PATH: "/usr/bin:/bin", NODE_ENV: "production", CITY: "Bonn" },
        secrets: { TOKEN: "s3cret" }
      })

      const fresh = yield* LocalBackend.make()
      const found = yield* fresh.state(instance, running.metadata)
      assert.deepStrictEqual(found, running)

      const fs = yield* FileSystem.FileSystem
      const at = yield* generationFolder
      assert.strictEqual(yield* Fixtures.modeOf(`${at}/secrets/TOKEN`), 0o400)
      assert.strictEqual(yield* Fixtures.modeOf(`${at}/manifest.json`), 0o400)
      yield* fresh.deprovision(instance, found.metadata, { grace: "10 seconds" })
      assert.isFalse(yield* fs.exists(at))
      const { identify } = yield* Processes.Processes
      assert.isTrue(Option.isNone(yield* identify(pidOf(metadata))))
      assert.strictEqual((yield* backend.state(instance, metadata)).status, "absent")
      yield* fresh.destroy(instance)
      const { root } = yield* Home
      assert.deepStrictEqual(yield* fs.readDirectory(`${root}/deployments`), [])
    }).pipe(
      Effect.withConfigProvider(
        ConfigProvider.fromMap(
          new Map([
            ["PATH", "/usr/bin:/bin"],
            ["CANARY", "seen"]
          ])
        )
      ),
      Effect.scoped,
      Effect.provide(layerWith(service))
    )
  )

  it.live("does not let a variable of the real parent through", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          process.env["CANARY_OF_THE_PARENT"] = "seen"
        }),
        () =>
          Effect.sync(() => {
            delete process.env["CANARY_OF_THE_PARENT"]
          })
      )
      const { metadata } = yield* backend.provision(request())
      const { url } = yield* until(backend.state(instance, metadata), ({ status }) => status !== "pending")
      const { env } = yield* answerOf(url)
      assert.isUndefined(env["CANARY_OF_THE_PARENT"])
      assert.strictEqual(env["PATH"], process.env["PATH"])
    }).pipe(Effect.scoped, Effect.provide(layerWith(service)))
  )

  it.live("kills a service that ignores SIGTERM", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      const { metadata } = yield* backend.provision(request({ settings: { environment: { STUBBORN: "yes" } } }))
      yield* until(backend.state(instance, metadata), ({ status }) => status === "running")
      yield* backend.deprovision(instance, metadata, { grace: "300 millis" })
      const { identify } = yield* Processes.Processes
      assert.isTrue(Option.isNone(yield* identify(pidOf(metadata))))
      const lines = Chunk.toReadonlyArray(yield* Stream.runCollect(backend.logs(instance, { tail: 1 })))
      assert.deepStrictEqual(
        lines.map(({ text }) => text),
        ["not yet"]
      )
    }).pipe(Effect.scoped, Effect.provide(layerWith(service)))
  )

  it.live("shows why a service did not start, with its output", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      const { metadata } = yield* backend.provision(request())
      const state = yield* until(backend.state(instance, metadata), ({ status }) => status !== "pending")
      assert.deepInclude(state, {
        status: "error",
        reason: "its process ended with exit code 70: it failed to start, see its log"
      })
      const lines = Chunk.toReadonlyArray(yield* Stream.runCollect(backend.logs(instance, { tail: 1 })))
      assert.strictEqual(lines[0]?.text, "cannot find my keys")
    }).pipe(Effect.scoped, Effect.provide(layerWith(crash)))
  )

  it.live("keeps the port over generations when it is free", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      const { metadata } = yield* backend.provision(request())
      const first = yield* until(backend.state(instance, metadata), ({ status }) => status === "running")
      yield* backend.deprovision(instance, first.metadata, { grace: "10 seconds" })
      const second = { ...instance, generation: 2 }
      const next = yield* backend.provision(request({ generation: 2, previous: first.metadata }))
      const again = yield* until(backend.state(second, next.metadata), ({ status }) => status === "running")
      assert.strictEqual(again.url, first.url)

      const port = Number(again.metadata["port"])
      const error = yield* Effect.flip(backend.provision(request({ generation: 3, settings: { port } })))
      assert.deepInclude(error, { _tag: "PortUnavailable", port })
    }).pipe(Effect.scoped, Effect.provide(layerWith(service)))
  )

  it.live("reads and follows a log that is being written", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      yield* backend.provision(request())
      const beats = yield* Effect.fork(
        backend.logs(instance, { follow: true, tail: 0 }).pipe(
          Stream.map(({ text }) => text),
          Stream.filter((text) => text === "beat"),
          Stream.take(3),
          Stream.runCollect
        )
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(beats)), ["beat", "beat", "beat"])
      const all = yield* Stream.runCollect(Stream.map(backend.logs(instance, {}), ({ text }) => text))
      const counted = Chunk.toReadonlyArray(all).filter((text) => text.startsWith("gr"))
      assert.strictEqual(counted.length, 50_000)
      assert.isTrue(counted.every((text, index) => text === `grün ${index}`))
    }).pipe(Effect.scoped, Effect.provide(layerWith(chatty)))
  )

  it.live("adopts and ends strays by their manifest when their record was lost", () =>
    Effect.gen(function* () {
      const backend = yield* makeBackend
      const fs = yield* FileSystem.FileSystem
      const { identify } = yield* Processes.Processes
      const { metadata } = yield* backend.provision(request())
      yield* until(backend.state(instance, metadata), ({ status }) => status === "running")
      yield* fs.remove(`${yield* generationFolder}/process.json`)
      const fresh = yield* LocalBackend.make()
      assert.strictEqual(pidOf((yield* fresh.state(instance, {})).metadata), pidOf(metadata))
      yield* fresh.deprovision(instance, {}, { grace: "10 seconds" })
      assert.isTrue(Option.isNone(yield* identify(pidOf(metadata))))
    }).pipe(Effect.scoped, Effect.provide(layerWith(service)))
  )
})
