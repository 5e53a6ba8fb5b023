import { assert, describe, layer } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { startPrivate } from "../../../scripts/engine.mjs"
import { DockerClientFixture } from "../../../src/Conformance/DockerClientSuite.js"
import { type ContainerSpec, DockerClient } from "../../../src/Docker/DockerClient.js"
import { client, clientOf, fixture } from "../Engine.js"
import * as HostImage from "../HostImage.js"

const node = (script: string) => ({ entrypoint: ["/bin/node"], command: ["-e", script], init: true })

const releasing = Schedule.intersect(Schedule.spaced("10 millis"), Schedule.recurs(100))

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

describe("DockerClient on a real engine", () => {
  layer(Layer.provideMerge(fixture, client), { excludeTestServices: true, timeout: "1 minute" })((it) => {
    const run = (script: string, more: Partial<ContainerSpec> = {}) =>
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const { image, label } = yield* DockerClientFixture
        const labels = { [label.name]: label.value }
        const { id } = yield* docker.runScoped({ image, labels, ...node(script), ...more })
        yield* docker.containers.wait(id)
        return yield* collect(docker.containers.logs(id))
      })

    it.scoped("joins lines that the engine cuts", () =>
      Effect.gen(function* () {
        const lines = yield* run("console.log('x'.repeat(50000)); console.log('end')")
        assert.deepStrictEqual(
          lines.map(({ text }) => text),
          ["x".repeat(50_000), "end"]
        )
      })
    )

    it.scoped("joins characters that the engine cuts in half, if its log keeps both halves", () =>
      Effect.gen(function* () {
        const log = { driver: "local" }
        const [line, ...more] = yield* run("console.log('x' + '€'.repeat(20000))", { log })
        assert.deepStrictEqual(more, [])
        assert.strictEqual(line?.text, `x${"€".repeat(20_000)}`)
        assert.isDefined(line?.at)
      })
    )

    it.scoped("reads terminals", () =>
      Effect.gen(function* () {
        const lines = yield* run("console.log('one'); console.error('two')", { tty: true })
        assert.deepStrictEqual(
          lines.map(({ stream, text }) => [stream, text]),
          [
            ["stdout", "one"],
            ["stdout", "two"]
          ]
        )
        assert.isDefined(lines[0]?.at)
      })
    )

    it.scoped("hardens containers as they are specified", () =>
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const { image, label } = yield* DockerClientFixture
        const { raw } = yield* docker.runScoped({
          image,
          labels: { [label.name]: label.value },
          ...node("setInterval(() => {}, 1e6)"),
          user: "10001:10001",
          readOnlyRoot: true,
          capDrop: ["ALL"],
          securityOptions: ["no-new-privileges"],
          resources: {
            memoryBytes: 134_217_728,
            memorySwapBytes: 134_217_728,
            cpus: 0.5,
            pids: 64,
            ulimits: [{ name: "nofile", soft: 4_096, hard: 4_096 }]
          },
          mounts: [{ type: "tmpfs", target: "/tmp", sizeBytes: 1_048_576, uid: 10_001, mode: 0o700 }],
          log: { driver: "json-file", options: { "max-size": "1m", "max-file": "2" } }
        })
        assert.containSubset(raw, {
          Config: { User: "10001:10001" },
          HostConfig: {
            ReadonlyRootfs: true,
            CapDrop: ["ALL"],
            SecurityOpt: ["no-new-privileges"],
            Memory: 134_217_728,
            MemorySwap: 134_217_728,
            NanoCpus: 500_000_000,
            PidsLimit: 64,
            Init: true,
            Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec,size=1048576,mode=700,uid=10001" },
            LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } }
          }
        })
      })
    )

    it.effect("holds no connection when a call is over", () =>
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const pipes = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("Pipe")).length
        const before = pipes()
        yield* docker.engine.info
        yield* Effect.scoped(Effect.flatMap(Stream.toPull(docker.events()), () => docker.engine.ping))
        const released = Effect.sync(() => pipes() <= before)
        yield* Effect.repeat(released, { until: (isReleased) => isReleased, schedule: releasing })
        assert.isAtMost(pipes(), before)
      })
    )
  })

  layer(client, { excludeTestServices: true, timeout: "1 minute" })((it) => {
    it.scoped("fails to wait when the engine is killed, and finds everything again when it is back", () =>
      Effect.gen(function* () {
        const engine = yield* Effect.acquireRelease(
          Effect.promise(() => startPrivate()),
          (engine) => Effect.promise(() => engine.dispose())
        )
        const own = yield* Effect.provide(DockerClient, clientOf(engine.host))
        yield* Effect.provideService(HostImage.scoped("own:1", "own=1"), DockerClient, own)
        const labels = { own: "1" }
        const id = yield* Effect.acquireRelease(
          own.containers.create({
            image: "own:1",
            labels,
            ...node("setInterval(() => {}, 1e6)"),
            restartPolicy: { name: "always" }
          }),
          (id) => Effect.orDie(own.containers.remove(id, { force: true }))
        )
        yield* own.containers.start(id)
        const waiting = yield* Effect.fork(Effect.flip(own.containers.wait(id)))
        const following = yield* Effect.fork(Effect.flip(Stream.runDrain(own.containers.logs(id, { follow: true }))))
        yield* own.engine.ping
        yield* Effect.promise(() => engine.kill())
        assert.strictEqual((yield* Fiber.join(waiting))._tag, "EngineUnreachable")
        assert.strictEqual((yield* Fiber.join(following))._tag, "EngineUnreachable")
        assert.strictEqual((yield* Effect.flip(own.engine.ping))._tag, "EngineUnreachable")
        yield* Effect.promise(() => engine.restart())
        assert.strictEqual((yield* own.containers.inspect(id)).state.status, "running")
        const other = yield* DockerClient
        assert.deepStrictEqual(yield* other.containers.list(labels), [])
      })
    )
  })
})
