import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { FakeEngine, layer } from "../../src/Conformance/FakeEngine.js"
import type { ContainerSpec, RestartPolicy } from "../../src/Docker/DockerClient.js"
import { DockerClient } from "../../src/Docker/DockerClient.js"

const spec = (more: Partial<ContainerSpec> = {}): ContainerSpec => ({ image: "i:1", labels: {}, ...more })

const started = (more: Partial<ContainerSpec> = {}) =>
  Effect.gen(function* () {
    const docker = yield* DockerClient
    const id = yield* docker.containers.create(spec(more))
    yield* docker.containers.start(id)
    return id
  })

const statusOf = (id: string) =>
  Effect.gen(function* () {
    const docker = yield* DockerClient
    return (yield* docker.containers.inspect(id)).state.status
  })

const withEngine = <A, E>(test: Effect.Effect<A, E, DockerClient | FakeEngine>) =>
  Effect.gen(function* () {
    const engine = yield* FakeEngine
    yield* engine.addImage({ tags: ["i:1"] })
    return yield* test
  }).pipe(Effect.provide(layer()))

describe("FakeEngine", () => {
  const statusAfter = (policy: RestartPolicy, how: "SIGTERM" | "SIGKILL", onTerm: number) =>
    withEngine(
      Effect.gen(function* () {
        const engine = yield* FakeEngine
        yield* engine.behave(() => ({ onTerm }))
        const id = yield* started({ restartPolicy: policy })
        yield* engine.restart(how)
        return yield* statusOf(id)
      })
    )

  it.effect("brings back after a restart what a real engine brings back", () =>
    Effect.gen(function* () {
      const rows = [
        ["always", "SIGTERM", 0, "running"],
        ["always", "SIGKILL", 0, "running"],
        ["unless-stopped", "SIGTERM", 0, "running"],
        ["unless-stopped", "SIGKILL", 0, "exited"],
        ["no", "SIGTERM", 143, "exited"],
        ["no", "SIGKILL", 143, "exited"]
      ] as const
      for (const [name, how, code, expected] of rows) {
        assert.strictEqual(yield* statusAfter({ name }, how, code), expected, `${name} ${how}`)
      }
      const onFailure = { name: "on-failure", maximumRetryCount: 5 } as const
      assert.strictEqual(yield* statusAfter(onFailure, "SIGTERM", 0), "exited")
      assert.strictEqual(yield* statusAfter(onFailure, "SIGKILL", 0), "exited")
      assert.strictEqual(yield* statusAfter(onFailure, "SIGTERM", 143), "running")
    })
  )

  it.effect("chooses another port at each start, unless one is said", () =>
    withEngine(
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const id = yield* started({ ports: [{ container: 80 }] })
        const before = (yield* docker.containers.inspect(id)).ports[0]?.host
        yield* docker.containers.stop(id)
        yield* docker.containers.start(id)
        assert.notStrictEqual((yield* docker.containers.inspect(id)).ports[0]?.host, before)
      })
    )
  )

  it.effect("restarts a crashed container after a pause that doubles, but none that was killed by hand", () =>
    withEngine(
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const engine = yield* FakeEngine
        const id = yield* started({ restartPolicy: { name: "always" } })
        yield* engine.crash(id, 1)
        assert.strictEqual(yield* statusOf(id), "restarting")
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(yield* statusOf(id), "running")
        yield* engine.crash(id, 1)
        yield* TestClock.adjust("199 millis")
        assert.strictEqual(yield* statusOf(id), "restarting")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* docker.containers.inspect(id)).restartCount, 2)
        yield* docker.containers.kill(id)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(yield* statusOf(id), "exited")
      })
    )
  )

  it.effect("carries out what it loses the answer of", () =>
    withEngine(
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const engine = yield* FakeEngine
        yield* engine.loseReply((operation) => operation === "create a container")
        const lost = yield* Effect.flip(docker.containers.create(spec({ name: "lost" })))
        assert.strictEqual(lost._tag, "OutcomeUnknown")
        const again = yield* Effect.flip(docker.containers.create(spec({ name: "lost" })))
        assert.strictEqual(again._tag, "NameConflict")
      })
    )
  )

  it.effect("leaves nothing of a scoped container whose making was not answered", () =>
    withEngine(
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const engine = yield* FakeEngine
        yield* engine.loseReply((operation) => operation === "create a container")
        const lost = yield* Effect.flip(Effect.scoped(docker.runScoped(spec())))
        assert.strictEqual(lost._tag, "OutcomeUnknown")
        assert.strictEqual(engine.containers.size, 0)
      })
    )
  )

  it.effect("keeps callers waiting as long as they wait", () =>
    withEngine(
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const engine = yield* FakeEngine
        yield* engine.setAnswering(false)
        const asking = yield* Effect.fork(Effect.flip(docker.engine.ping))
        const making = yield* Effect.fork(Effect.flip(docker.containers.create(spec())))
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* Fiber.join(asking))._tag, "EngineTimeout")
        assert.strictEqual((yield* Fiber.join(making))._tag, "OutcomeUnknown")
        yield* engine.setAnswering(true)
        assert.strictEqual(yield* docker.engine.ping, "1.41")
      })
    )
  )

  it.effect("breaks what is open when it goes away", () =>
    withEngine(
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const engine = yield* FakeEngine
        const id = yield* started()
        const waiting = yield* Effect.fork(Effect.flip(docker.containers.wait(id)))
        const following = yield* Effect.fork(Effect.flip(Stream.runDrain(docker.containers.logs(id, { follow: true }))))
        yield* TestClock.adjust("1 millis")
        yield* engine.setReachable(false)
        assert.strictEqual((yield* Fiber.join(waiting))._tag, "EngineUnreachable")
        assert.strictEqual((yield* Fiber.join(following))._tag, "EngineUnreachable")
        yield* engine.setReachable(true)
        yield* engine.setRefusing(true)
        assert.strictEqual((yield* Effect.flip(docker.engine.ping))._tag, "EngineRefused")
      })
    )
  )

  it.effect("lets every client that removes a container wait until it is gone", () =>
    withEngine(
      Effect.gen(function* () {
        const docker = yield* DockerClient
        const engine = yield* FakeEngine
        yield* engine.setRemovalTakes("1 second")
        const id = yield* started()
        const remove = docker.containers.remove(id, { force: true })
        const removals = yield* Effect.fork(Effect.all([remove, remove, remove], { concurrency: "unbounded" }))
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(yield* statusOf(id), "removing")
        yield* TestClock.adjust("501 millis")
        yield* Fiber.join(removals)
        assert.strictEqual(engine.containers.size, 0)
      })
    )
  )
})
