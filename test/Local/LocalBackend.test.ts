import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Chunk,
  ConfigProvider,
  DateTime,
  Effect,
  Fiber,
  Layer,
  Logger,
  LogLevel,
  Option,
  Schema,
  Stream,
  TestClock
} from "effect"
import { Manifest } from "../../src/Contract/Manifest.js"
import { OperationalState } from "../../src/Deployment.js"
import * as Ports from "../../src/Flavor/Ports.js"
import * as Door from "../../src/Local/Door.js"
import * as LocalBackend from "../../src/Local/LocalBackend.js"
import * as Metadata from "../../src/Local/Metadata.js"
import * as Processes from "../../src/Local/Processes.js"
import * as Sockets from "../../src/Local/Sockets.js"
import { Home } from "../../src/Store/Home.js"
import * as Fixtures from "./fixtures.js"

const layerDoor = Layer.succeed(Sockets.Sockets, {
  listen: Option.some(() => Effect.succeed({ port: 4000, descriptor: 9 }))
})

const layerWith = (taken: ReadonlyArray<number> = [], layerSockets = Sockets.layerNone) =>
  Layer.mergeAll(Fixtures.layerHome("// never run"), Processes.layerTest, Ports.layerTest(taken), layerSockets).pipe(
    Layer.provideMerge(NodeFileSystem.layer)
  )

const { instance, request } = Fixtures

const folder = Effect.map(Home, (home) => home.deployment(instance.deploymentId))
const generationFolder = Effect.map(folder, (path) => `${path}/generations/1`)
const exists = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(path))
const read = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path))

const manifest = Effect.flatMap(generationFolder, (path) =>
  Effect.flatMap(read(`${path}/manifest.json`), Schema.decode(Schema.parseJson(Manifest)))
)

const writeEndpoint = (endpoint: { pid: number; host?: string; port?: number; generation?: number }) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const content = JSON.stringify({ host: "127.0.0.1", port: 4000, generation: 1, ...endpoint })
    yield* fs.writeFileString(`${yield* generationFolder}/endpoint.json`, content)
  })

const pidOf = (state: OperationalState) => Option.getOrThrow(Metadata.decode(state.metadata)).pid

/** The warnings that an effect logs. */
const warningsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const warnings: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (logLevel === LogLevel.Warning) warnings.push(String(message))
    })
    return Effect.as(Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger)), warnings)
  })

describe("an address", () => {
  it.scoped.each(["0.0.0.0", "::", "192.168.1.7"])(
    "that other machines reach is a warning without a key: %s",
    (address) =>
      Effect.gen(function* () {
        const backend = yield* LocalBackend.make()
        const open = yield* warningsOf(backend.provision(request({ settings: { address } })))
        assert.lengthOf(open, 1)
        assert.include(open[0], `listens on ${address} without a key`)
        assert.deepInclude((yield* manifest).listen, { host: address })
        const keyed = request({ generation: 2, keys: [Fixtures.liveKey], settings: { address } })
        assert.deepStrictEqual(yield* warningsOf(backend.provision(keyed)), [])
      }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("of this machine only is no warning", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      for (const address of ["127.0.0.1", "::1"]) {
        assert.deepStrictEqual(yield* warningsOf(backend.provision(request({ settings: { address } }))), [])
      }
    }).pipe(Effect.provide(layerWith()))
  )
})

describe("provision", () => {
  it.scoped("writes the files, starts the process with them, and does not wait", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make({ node: "/bin/node" })
      const { bundles } = yield* Home
      const state = yield* backend.provision(
        request({ keys: [Fixtures.liveKey], settings: { nodeArguments: { maxOldSpaceMb: 64 } } })
      )
      const at = yield* folder
      const [spawned] = yield* Effect.flatMap(Processes.TestProcesses, (table) => table.spawned)
      assert.strictEqual(state.status, "pending")
      assert.deepInclude(state.metadata, {
        pid: 1001,
        processIdentity: "test/1001",
        host: "127.0.0.1",
        generation: 1,
        logFile: `${at}/service.log`,
        startedAt: "1970-01-01T00:00:00.000Z"
      })
      assert.deepInclude(spawned?.command, {
        command: "/bin/node",
        cwd: `${bundles}/${Fixtures.digest}`,
        logFile: `${at}/service.log`
      })
      assert.deepStrictEqual(spawned?.args, [
        "--max-old-space-size=64",
        `${bundles}/${Fixtures.digest}/main.mjs`,
        "serve",
        `${at}/generations/1/manifest.json`
      ])
      assert.deepInclude(yield* manifest, {
        formatVersion: 1,
        deployment: { id: instance.deploymentId, name: "weather" },
        generation: 1,
        authKeyDigests: [Fixtures.liveKey.digest],
        keysFile: `${at}/generations/1/keys.json`,
        listen: { host: "127.0.0.1", fallback: true },
        runStore: `${at}/runs.db`,
        endpointFile: `${at}/generations/1/endpoint.json`,
        log: { file: `${at}/service.log`, maxBytes: 10_485_760, keep: 3 }
      })
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("G20 G33: keeps every file for the owner only, and secrets out of the environment", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      yield* backend.provision(request({ secrets: { TOKEN: "s3cret", OTHER: "0ther" } }))
      const at = yield* generationFolder
      assert.strictEqual(yield* read(`${at}/secrets/TOKEN`), "s3cret")
      assert.strictEqual((yield* manifest).secretsDirectory, `${at}/secrets`)
      const modes = yield* Effect.all({
        deployment: Fixtures.modeOf(yield* folder),
        generation: Fixtures.modeOf(at),
        secrets: Fixtures.modeOf(`${at}/secrets`),
        token: Fixtures.modeOf(`${at}/secrets/TOKEN`),
        manifest: Fixtures.modeOf(`${at}/manifest.json`),
        process: Fixtures.modeOf(`${at}/process.json`),
        log: Fixtures.modeOf(`${yield* folder}/service.log`)
      })
      assert.deepStrictEqual(modes, {
        deployment: 0o700,
        generation: 0o700,
        secrets: 0o700,
        token: 0o400,
        manifest: 0o400,
        process: 0o600,
        log: 0o600
      })
      const [spawned] = yield* Effect.flatMap(Processes.TestProcesses, (table) => table.spawned)
      assert.notInclude(JSON.stringify(spawned), "s3cret")
      assert.notInclude(yield* read(`${at}/manifest.json`), "s3cret")
      assert.notInclude(yield* read(`${at}/process.json`), "s3cret")
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("G35: gives a minimal environment, that of the settings, and secrets that were opted in", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      yield* backend.provision(
        request({
          secrets: { TOKEN: "t", HIDDEN: "h" },
          settings: { environment: { CITY: "Bonn" }, secrets: ["TOKEN", "HIDDEN"], secretsInEnvironment: ["TOKEN"] }
        })
      )
      const [spawned] = yield* Effect.flatMap(Processes.TestProcesses, (table) => table.spawned)
      assert.deepStrictEqual(spawned?.command?.env, {
        PATH: "/bin",
        TZ: "UTC",
        NODE_ENV: "production",
        CITY: "Bonn",
        TOKEN: "t"
      })
    }).pipe(
      Effect.withConfigProvider(
        ConfigProvider.fromMap(
          new Map([
            ["PATH", "/bin"],
            ["TZ", "UTC"],
            ["AWS_SECRET_ACCESS_KEY", "canary"]
          ])
        )
      ),
      Effect.provide(layerWith())
    )
  )

  it.scoped("asks for a fixed port, else for the port of before if it is free", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      yield* backend.provision(request({ previous: { port: 4711, anything: "else" } }))
      assert.deepStrictEqual((yield* manifest).listen, { host: "127.0.0.1", port: 4711, fallback: true })
      yield* backend.provision(request({ settings: { port: 80, address: "::" }, previous: { port: 4711 } }))
      assert.deepStrictEqual((yield* manifest).listen, { host: "::", port: 80, fallback: false })
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("fails at once when the fixed port is taken, leaving nothing", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const error = yield* Effect.flip(backend.provision(request({ settings: { port: 4711 } })))
      assert.deepInclude(error, { _tag: "PortUnavailable", port: 4711, name: "weather" })
      assert.isFalse(yield* exists(yield* generationFolder))
      assert.deepStrictEqual(yield* Effect.flatMap(Processes.TestProcesses, (table) => table.spawned), [])
    }).pipe(Effect.provide(layerWith([4711])))
  )

  it.scoped("says what to do when the bundle is gone", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const fs = yield* FileSystem.FileSystem
      yield* fs.remove((yield* Fixtures.Bundle).main)
      const error = yield* Effect.flip(backend.provision(request()))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, "deploy from the file again")
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("removes its files when the process cannot be started", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      yield* Effect.flatMap(Processes.TestProcesses, (table) => table.refuseSpawn("no such program"))
      const error = yield* Effect.flip(backend.provision(request({ secrets: { A: "b" } })))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, "no such program")
      assert.isFalse(yield* exists(yield* generationFolder))
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("ends the process when it cannot be written down", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const fs = yield* FileSystem.FileSystem
      const at = yield* generationFolder
      yield* table.onSpawn(() => Effect.orDie(fs.makeDirectory(`${at}/process.json/in-the-way`, { recursive: true })))
      const error = yield* Effect.flip(backend.provision(request()))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.deepStrictEqual(yield* table.living, [])
      assert.isFalse(yield* exists(at))
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("adopts the process an interrupted attempt at the same left, and replaces one at something else", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const first = yield* backend.provision(request({ secrets: { A: "1" } }))
      const again = yield* Effect.flatMap(LocalBackend.make(), (fresh) =>
        fresh.provision(request({ secrets: { A: "1" } }))
      )
      assert.deepStrictEqual(again.metadata, first.metadata)
      assert.strictEqual((yield* table.spawned).length, 1)
      const other = yield* backend.provision(request({ secrets: { A: "2" } }))
      assert.deepStrictEqual(
        (yield* table.living).map(({ pid }) => pid),
        [pidOf(other)]
      )
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("ends a stray of the same generation that was started but never written down", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const args = ["main.mjs", "serve", `${yield* generationFolder}/manifest.json`]
      yield* table.add({ pid: 500, group: 500, identity: "stray", args })
      yield* table.add({ pid: 501, group: 501, identity: "other", args: ["main.mjs", "serve", "/other.json"] })
      const state = yield* backend.provision(request())
      assert.deepStrictEqual(
        (yield* table.living).map(({ pid }) => pid),
        [501, pidOf(state)]
      )
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("does not start a second process when it cannot see the first", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      yield* backend.provision(request())
      yield* table.readable(false)
      const error = yield* Effect.flip(backend.provision(request()))
      assert.strictEqual(error._tag, "EngineUnavailable")
      assert.strictEqual((yield* table.spawned).length, 1)
    }).pipe(Effect.provide(layerWith()))
  )
})

describe("state", () => {
  it.scoped("is absent when nothing was provisioned", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      assert.strictEqual((yield* backend.state(instance, {})).status, "absent")
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("is pending until the very process says where it listens, then running", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const { metadata } = yield* backend.provision(request())
      const pid = 1001
      assert.strictEqual((yield* backend.state(instance, metadata)).status, "pending")
      yield* writeEndpoint({ pid: 77 })
      assert.strictEqual((yield* backend.state(instance, metadata)).status, "pending")
      yield* writeEndpoint({ pid, generation: 9 })
      assert.strictEqual((yield* backend.state(instance, metadata)).status, "pending")
      yield* writeEndpoint({ pid, host: "0.0.0.0", port: 4001 })
      const running = yield* backend.state(instance, metadata)
      assert.deepInclude(running, { status: "running", url: "http://127.0.0.1:4001" })
      assert.strictEqual(running.metadata["port"], 4001)
      yield* writeEndpoint({ pid, host: "::" })
      assert.strictEqual((yield* backend.state(instance, {})).url, "http://[::1]:4000")
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("is an error with the exit of the process, for its parent and for other programs", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const { metadata } = yield* backend.provision(request())
      yield* table.exit(1001, { code: 69 })
      const state = yield* backend.state(instance, metadata)
      assert.deepInclude(state, {
        status: "error",
        reason: "its process ended with exit code 69: the port it must listen on is taken or not allowed"
      })
      assert.strictEqual(state.metadata["exitCode"], 69)
      const stranger = yield* Effect.flatMap(LocalBackend.make(), (fresh) => fresh.state(instance, metadata))
      assert.strictEqual(stranger.reason, "its process (1001) is gone; it exited, or the machine was restarted")
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("takes a later process with the same number for foreign", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const { metadata } = yield* backend.provision(request())
      yield* writeEndpoint({ pid: 1001 })
      yield* table.exit(1001, { signal: "SIGSEGV" })
      yield* table.add({ pid: 1001, group: 1001, identity: "later", args: [] })
      const state = yield* backend.state(instance, metadata)
      assert.deepInclude(state, { status: "error", reason: "its process was ended by SIGSEGV" })
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("finds a stray whose record was never written", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const fs = yield* FileSystem.FileSystem
      yield* backend.provision(request())
      yield* writeEndpoint({ pid: 1001 })
      yield* fs.remove(`${yield* generationFolder}/process.json`)
      const found = yield* backend.state(instance, {})
      assert.strictEqual(found.status, "running")
      assert.strictEqual(pidOf(found), 1001)
      yield* table.exit(1001, { code: 1 })
      const gone = yield* backend.state(instance, {})
      assert.deepInclude(gone, { status: "error", reason: "its files exist, but its process never started" })
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("fails when it cannot look", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      yield* Effect.flatMap(Processes.TestProcesses, (table) => table.readable(false))
      const error = yield* Effect.flip(backend.state(instance, {}))
      assert.deepInclude(error, { _tag: "EngineUnavailable", flavor: "local" })
    }).pipe(Effect.provide(layerWith()))
  )
})

describe("deprovision and destroy", () => {
  it.scoped("ends the process, removes its generation, keeps the deployment's data, and can be repeated", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const fs = yield* FileSystem.FileSystem
      const { metadata } = yield* backend.provision(request({ secrets: { A: "b" } }))
      yield* fs.writeFileString(`${yield* folder}/runs.db`, "runs")
      yield* backend.deprovision(instance, metadata, { grace: "1 second" })
      assert.deepStrictEqual(yield* table.living, [])
      assert.isFalse(yield* exists(yield* generationFolder))
      assert.isTrue(yield* exists(`${yield* folder}/runs.db`))
      assert.strictEqual((yield* backend.state(instance, metadata)).status, "absent")
      yield* backend.deprovision(instance, metadata, { grace: "1 second" })
      yield* backend.destroy(instance)
      assert.isFalse(yield* exists(yield* folder))
      yield* backend.destroy(instance)
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("kills after the grace of the caller", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      yield* table.ignore("SIGTERM")
      const { metadata } = yield* backend.provision(request())
      const ending = yield* Effect.fork(backend.deprovision(instance, metadata, { grace: "30 seconds" }))
      // Real files are read before the first signal is sent.
      while ((yield* table.signals).length === 0) yield* Effect.promise(() => new Promise(setImmediate))
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual((yield* table.living).length, 1)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ending)
      assert.deepStrictEqual(yield* table.living, [])
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("leaves a foreign process with a recorded number alone", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const { metadata } = yield* backend.provision(request())
      yield* table.exit(1001, { code: 0 })
      yield* table.add({ pid: 1001, group: 1001, identity: "another process", args: [] })
      yield* backend.deprovision(instance, metadata, { grace: 0 })
      yield* backend.destroy(instance)
      assert.deepStrictEqual(yield* table.signals, [])
      assert.strictEqual((yield* table.living).length, 1)
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("touches only the requested generation, with any metadata", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      yield* backend.provision(request())
      const second = yield* backend.provision(request({ generation: 2 }))
      yield* backend.deprovision(instance, second.metadata, { grace: "1 second" })
      assert.deepStrictEqual(
        (yield* table.living).map(({ pid }) => pid),
        [pidOf(second)]
      )
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("destroy ends what still runs", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      yield* backend.provision(request())
      yield* backend.provision(request({ generation: 2 }))
      yield* backend.destroy(instance)
      assert.deepStrictEqual(yield* table.living, [])
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("destroy leaves no door, also not one that an instance was just starting again", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      yield* backend.provision(request())
      const doors = yield* Effect.map(folder, (path) => `${path}/doors/1`)
      const door = { pid: 5000, group: 5000, identity: "test/5000", args: [`${doors}/main.mjs`, doors] }
      const instances = table.living.pipe(
        Effect.map((living) => living.filter(({ args }) => !args.includes(doors))),
        Effect.tap(() => table.add(door)),
        Effect.flatMap((living) => Effect.all(living.map(({ pid }) => table.exit(pid, {}))))
      )
      assert.lengthOf(yield* table.living, 2)
      yield* Effect.asVoid(instances).pipe(Door.closeAround(instance.deploymentId))
      assert.deepStrictEqual(yield* table.living, [])
      assert.isFalse(yield* exists(doors))
    }).pipe(Effect.provide(layerWith([], layerDoor)))
  )

  it.scoped("keeps the files of a process it could not end, and says so", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      yield* table.ignore("SIGTERM")
      yield* table.ignore("SIGKILL")
      const { metadata } = yield* backend.provision(request())
      const ending = yield* Effect.fork(Effect.flip(backend.deprovision(instance, metadata, { grace: 0 })))
      while ((yield* table.signals).length < 2) {
        yield* TestClock.adjust(1)
        yield* Effect.promise(() => new Promise(setImmediate))
      }
      yield* TestClock.adjust("5 seconds")
      const error = yield* Fiber.join(ending)
      assert.strictEqual(error._tag, "DeploymentDeprovisionFailed")
      assert.include(error.message, "process 1001 is still alive after SIGKILL")
      assert.isTrue(yield* exists(`${yield* generationFolder}/process.json`))
    }).pipe(Effect.provide(layerWith()))
  )
})

describe("logs", () => {
  it.scoped("are not found before the first start, then begin with a line that says what starts", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const fs = yield* FileSystem.FileSystem
      const error = yield* Effect.flip(Stream.runDrain(backend.logs(instance, {})))
      assert.strictEqual(error._tag, "DeploymentLogsNotFound")
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      yield* backend.provision(request())
      yield* fs.writeFileString(`${yield* folder}/service.log`, "cut off", { flag: "a" })
      yield* backend.provision(request({ generation: 2 }))
      const lines = Chunk.toReadonlyArray(yield* Stream.runCollect(backend.logs(instance, {})))
      assert.deepStrictEqual(
        lines.map(({ text }) => (text.startsWith("{") ? JSON.parse(text).message : text)),
        ["Starting generation 1 with weather@2", "cut off", "Starting generation 2 with weather@2"]
      )
      assert.deepStrictEqual(lines[1]?.at, DateTime.unsafeMake(Date.UTC(2026, 0, 1)))
    }).pipe(Effect.provide(layerWith()))
  )
})

describe("exclusive", () => {
  it("only when the old process may hold the fixed port", () => {
    const old = (status: OperationalState["status"], port?: number) =>
      new OperationalState({ status, metadata: port === undefined ? {} : { port } })
    const fixed = Fixtures.settings({ port: 4711 })
    assert.isTrue(LocalBackend.exclusive(old("running", 4711), fixed))
    assert.isTrue(LocalBackend.exclusive(old("unknown", 4711), fixed))
    assert.isFalse(LocalBackend.exclusive(old("running", 4712), fixed))
    assert.isFalse(LocalBackend.exclusive(old("running"), fixed))
    assert.isFalse(LocalBackend.exclusive(old("absent", 4711), fixed))
    assert.isFalse(LocalBackend.exclusive(old("running", 4711), Fixtures.settings()))
    const behind = (host: string) =>
      new OperationalState({ status: "running", metadata: { port: 4711, host, door: true } })
    assert.isFalse(LocalBackend.exclusive(behind("127.0.0.1"), fixed))
    assert.isTrue(LocalBackend.exclusive(behind("0.0.0.0"), fixed))
  })
})

describe("glance", () => {
  it.scoped("is nothing while the process lives or the table is unreadable, and its end afterwards", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const { metadata } = yield* backend.provision(request())
      const look = backend.glance?.(instance, metadata) ?? Effect.dieMessage("no glance")
      assert.isTrue(Option.isNone(yield* look))
      yield* table.exit(1001, { signal: "SIGKILL" })
      yield* table.readable(false)
      assert.isTrue(Option.isNone(yield* look))
      yield* table.readable(true)
      const seen = Option.getOrThrow(yield* look)
      assert.deepInclude({ ...seen }, { status: "error", reason: "its process was ended by SIGKILL" })
    }).pipe(Effect.provide(layerWith()))
  )

  it.scoped("is not deceived by a later process with the same number", () =>
    Effect.gen(function* () {
      const backend = yield* LocalBackend.make()
      const table = yield* Processes.TestProcesses
      const { metadata } = yield* backend.provision(request())
      yield* table.exit(1001, { code: 1 })
      yield* table.add({ pid: 1001, identity: "test/later", args: [], group: 1001 })
      const seen = Option.getOrThrow(yield* backend.glance?.(instance, metadata) ?? Effect.dieMessage("no glance"))
      assert.strictEqual(seen.status, "error")
    }).pipe(Effect.provide(layerWith()))
  )
})
