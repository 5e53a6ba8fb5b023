import * as ChildProcess from "node:child_process"
import * as Net from "node:net"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Option, Schedule } from "effect"
import * as Ports from "../../src/Flavor/Ports.js"
import { Processes, layer as processesLayer } from "../../src/Local/Processes.js"
import { isAlive, stop } from "../../src/Local/Stop.js"

const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(condition, { until: (met) => met, schedule: Schedule.spaced("20 millis") }).pipe(
    Effect.timeoutFail({ duration: "20 seconds", onTimeout: () => new Error("the condition was never met") })
  )

/** Starts a Node program in a temporary folder; it is ended when the test is over. */
const start = (source: string, options: { readonly command?: string; readonly env?: Record<string, string> } = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { spawnDetached } = yield* Processes
    const cwd = yield* fs.makeTempDirectoryScoped()
    const logFile = `${cwd}/log`
    yield* fs.writeFileString(`${cwd}/main.mjs`, source)
    const spawned = yield* spawnDetached({
      command: options.command ?? process.execPath,
      args: [`${cwd}/main.mjs`, "serve", `${cwd}/manifest.json`],
      env: options.env ?? {},
      cwd,
      logFile
    })
    yield* Effect.addFinalizer(() => Effect.orDie(stop(spawned, 0)))
    return { spawned, cwd, logFile, log: Effect.orElseSucceed(fs.readFileString(logFile), () => "") }
  })

const statOf = (pid: number) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`/proc/${pid}/stat`)).pipe(
    Effect.map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" "))
  )

const says = (log: Effect.Effect<string>, text: string) => until(Effect.map(log, (content) => content.includes(text)))

describe("Processes.layer", () => {
  layer(Layer.mergeAll(processesLayer, Ports.layer, NodeFileSystem.layer), { excludeTestServices: true })((it) => {
    it.scoped("starts a program in a session of its own, with exactly the given environment", () =>
      Effect.gen(function* () {
        process.env["CANARY_OF_THE_PARENT"] = "seen"
        const { log, logFile, spawned } = yield* start(
          "console.log(JSON.stringify(process.env)); console.error('on stderr'); setInterval(() => {}, 1000)",
          { env: { ONLY: "this" } }
        )
        yield* says(log, "on stderr")
        assert.deepStrictEqual(JSON.parse((yield* log).split("\n")[0] ?? ""), { ONLY: "this" })
        const [, , group, session] = yield* statOf(spawned.pid)
        assert.strictEqual(Number(group), spawned.pid)
        assert.strictEqual(Number(session), spawned.pid)
        const fs = yield* FileSystem.FileSystem
        assert.strictEqual((yield* fs.stat(logFile)).mode & 0o777, 0o600)
        assert.isTrue(yield* isAlive(spawned))
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            delete process.env["CANARY_OF_THE_PARENT"]
          })
        )
      )
    )

    it.scoped("returns the exit code, and leaves no zombie", () =>
      Effect.gen(function* () {
        const { spawned } = yield* start("process.exit(70)")
        assert.match(spawned.identity, /^[0-9a-f-]{36}\/\d+$/)
        assert.deepStrictEqual(yield* spawned.exited, { code: 70 })
        assert.isFalse(yield* isAlive(spawned))
        yield* until(Effect.map(Effect.option(statOf(spawned.pid)), Option.isNone))
      })
    )

    it.scoped("kills a process that ignores SIGTERM, with its whole group, and returns the signal", () =>
      Effect.gen(function* () {
        const { log, spawned } = yield* start(`
          import { spawn } from "node:child_process"
          process.on("SIGTERM", () => console.log("ignored"))
          const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)"], { stdio: "inherit" })
          console.log("child=" + child.pid + ";")
          setInterval(() => {}, 1000)
        `)
        yield* says(log, "up")
        const grandchild = Number(/child=(\d+);/.exec(yield* log)?.[1])
        const { identify } = yield* Processes
        assert.isTrue(Option.isSome(yield* identify(grandchild)))
        yield* stop(spawned, "300 millis")
        assert.include(yield* log, "ignored")
        assert.deepStrictEqual(yield* spawned.exited, { signal: "SIGKILL" })
        assert.isTrue(Option.isNone(yield* identify(grandchild)))
      })
    )

    it.scoped("ends a grandchild that outlives its parent", () =>
      Effect.gen(function* () {
        const { log, spawned } = yield* start(`
          import { spawn } from "node:child_process"
          const child = spawn(process.execPath, ["-e", "console.log('up'); setInterval(() => {}, 1000)"], { stdio: "inherit" })
          console.log("child=" + child.pid + ";")
          process.on("SIGUSR2", () => process.exit(3))
        `)
        yield* says(log, "up")
        const grandchild = Number(/child=(\d+);/.exec(yield* log)?.[1])
        process.kill(spawned.pid, "SIGUSR2")
        assert.deepStrictEqual(yield* spawned.exited, { code: 3 })
        const { groupLives, identify } = yield* Processes
        assert.isTrue(yield* groupLives(spawned))
        yield* stop(spawned, "5 seconds")
        assert.isFalse(yield* groupLives(spawned))
        assert.isTrue(Option.isNone(yield* identify(grandchild)))
      })
    )

    it.scoped("finds a process by its last arguments, and signals no other when it is gone", () =>
      Effect.gen(function* () {
        const { cwd, spawned } = yield* start("setInterval(() => {}, 1000)")
        const { find, signalGroup } = yield* Processes
        const found = yield* find(["serve", `${cwd}/manifest.json`])
        assert.deepStrictEqual(found, [{ pid: spawned.pid, identity: spawned.identity }])
        yield* stop(spawned, "5 seconds")
        yield* signalGroup(spawned.pid, "SIGTERM")
        assert.deepStrictEqual(yield* find(["serve", `${cwd}/manifest.json`]), [])
      })
    )

    it.scoped("fails typed when there is no such program", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(start("", { command: "/nonexistent/node" }))
        assert.strictEqual(error._tag, "ProcessSpawnFailed")
        assert.include(error.message, "ENOENT")
      })
    )

    it.scoped("lets the program that started it end, and lives on", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped()
        yield* fs.writeFileString(`${folder}/service.mjs`, "setInterval(() => {}, 1000)")
        const identity = `${process.cwd()}/src/Local/ProcessSpawn.ts`
        assert.isTrue(yield* fs.exists(identity))
        const { bundle } = yield* Effect.promise(() => bundleSpawner(identity))
        yield* fs.writeFileString(`${folder}/deployer.mjs`, bundle)
        const output = ChildProcess.execFileSync(
          process.execPath,
          [`${folder}/deployer.mjs`, `${folder}/service.mjs`],
          {
            cwd: folder,
            timeout: 30_000,
            encoding: "utf8"
          }
        )
        const spawned: { readonly pid: number; readonly identity: string } = JSON.parse(output)
        yield* Effect.addFinalizer(() => Effect.orDie(stop(spawned, 0)))
        assert.isTrue(yield* isAlive(spawned))
      })
    )

    it.scoped("probes ports", () =>
      Effect.gen(function* () {
        const { probe } = yield* Ports.Ports
        const server = yield* Effect.acquireRelease(
          Effect.async<Net.Server>((resume) => {
            const listening = Net.createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
          }),
          (listening) => Effect.async<void>((resume) => void listening.close(() => resume(Effect.void)))
        )
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        assert.strictEqual(yield* probe("127.0.0.1", port), "taken")
        assert.strictEqual(yield* probe("0.0.0.0", port), "taken")
        assert.strictEqual(yield* probe("127.0.0.1", 0), "free")
        assert.strictEqual(yield* probe("192.0.2.1", 0), "unknownHost")
      })
    )
  })
})

const bundleSpawner = async (spawnModule: string): Promise<{ readonly bundle: string }> => {
  const { build } = await import("esbuild")
  const result = await build({
    stdin: {
      contents: `
        import * as Effect from "effect/Effect"
        import { spawnDetached } from ${JSON.stringify(spawnModule)}
        import { ofThisMachine } from ${JSON.stringify(spawnModule.replace("ProcessSpawn", "ProcessTable"))}
        const spawned = await Effect.runPromise(spawnDetached(ofThisMachine.reader, {
          command: process.execPath, args: [process.argv[2]], env: {}, cwd: process.cwd(), logFile: process.cwd() + "/log"
        }))
        process.stdout.write(JSON.stringify({ pid: spawned.pid, identity: spawned.identity }))
      `,
      resolveDir: process.cwd()
    },
    bundle: true,
    platform: "node",
    format: "esm",
    write: false
  })
  return { bundle: result.outputFiles[0]?.text ?? "" }
}
