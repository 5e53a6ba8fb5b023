/** Laws of creating, stopping and removing containers. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import { freshName, type It, setting } from "./Fixture.js"

const missing = "effect-deployers-nobody"

export const laws = (it: It): void => {
  it.scoped("reports the identity of the engine", () =>
    Effect.gen(function* () {
      const { docker } = yield* setting
      assert.match(yield* docker.engine.ping, /^\d+\.\d+$/)
      assert.isNotEmpty((yield* docker.engine.info).id)
      assert.strictEqual((yield* docker.engine.info).id, (yield* docker.engine.info).id)
      assert.isNotEmpty((yield* docker.engine.version).version)
      assert.isNotEmpty((yield* docker.host).hostname)
    })
  )

  it.scoped("creates a container, and reports its specification", () =>
    Effect.gen(function* () {
      const { created, docker, fixture, labels } = yield* setting
      const name = yield* freshName
      const port = yield* fixture.freePort
      const id = yield* created("runs", {
        name,
        environment: { GREETING: "a=b" },
        ports: [{ container: 80, host: port }],
        restartPolicy: { name: "on-failure", maximumRetryCount: 3 }
      })
      const found = yield* docker.containers.inspect(name)
      assert.strictEqual(found.id, id)
      assert.strictEqual(found.name, name)
      assert.strictEqual(found.state.status, "created")
      assert.include(found.labels, labels)
      assert.strictEqual(found.environment["GREETING"], "a=b")
      assert.deepStrictEqual(found.restartPolicy, { name: "on-failure", maximumRetryCount: 3 })
      assert.deepStrictEqual(found.ports, [])
      assert.deepStrictEqual(found.requestedPorts, [
        { container: 80, protocol: "tcp", address: "127.0.0.1", host: port }
      ])
    })
  )

  it.scoped("refuses an image it does not have and a specification that is not valid", () =>
    Effect.gen(function* () {
      const { docker, spec } = yield* setting
      const { create } = docker.containers
      const unavailable = yield* Effect.flip(create({ ...spec("runs"), image: `${missing}:1` }))
      assert.strictEqual(unavailable._tag, "ImageUnavailable")
      const badName = yield* Effect.flip(create(spec("runs", { name: "a/b" })))
      assert.strictEqual(badName._tag, "SpecRejected")
      const tooSmall = yield* Effect.flip(create(spec("runs", { resources: { memoryBytes: 1_000_000 } })))
      assert.strictEqual(tooSmall._tag, "SpecRejected")
    })
  )

  it.scoped("of many concurrent creates with one name, one succeeds", () =>
    Effect.gen(function* () {
      const { docker, spec } = yield* setting
      const name = yield* freshName
      yield* Effect.addFinalizer(() => Effect.orDie(docker.containers.remove(name, { force: true })))
      const attempts = yield* Effect.all(
        Array.from({ length: 10 }, () => Effect.either(docker.containers.create(spec("runs", { name })))),
        { concurrency: "unbounded" }
      )
      const made = attempts.flatMap(Either.match({ onLeft: () => [], onRight: (id) => [id] }))
      assert.strictEqual(made.length, 1)
      for (const attempt of attempts) {
        if (Either.isRight(attempt)) continue
        assert.strictEqual(attempt.left._tag, "NameConflict")
        assert.deepInclude(attempt.left, { kind: "container", name, ownerId: made[0] })
      }
    })
  )

  it.scoped("starts and stops as often as asked", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("runs")
      yield* docker.containers.start(id)
      const first = yield* docker.containers.inspect(id)
      assert.strictEqual(first.state.status, "running")
      yield* docker.containers.start(id)
      assert.deepStrictEqual((yield* docker.containers.inspect(id)).state.startedAt, first.state.startedAt)
      yield* docker.containers.stop(id)
      yield* docker.containers.stop(id)
      const stopped = yield* docker.containers.inspect(id)
      assert.strictEqual(stopped.state.status, "exited")
      assert.strictEqual(stopped.state.exitCode, 143)
      assert.deepStrictEqual(stopped.ports, [])
      yield* docker.containers.stop(missing)
    })
  )

  it.scoped("kills a container that does not stop within its grace", () =>
    Effect.gen(function* () {
      const { created, docker, startedReady } = yield* setting
      const id = yield* created("ignores")
      yield* startedReady(id)
      yield* docker.containers.stop(id, { grace: "1 seconds" })
      const { state } = yield* docker.containers.inspect(id)
      assert.deepInclude(state, { status: "exited", exitCode: 137, oomKilled: false })
    })
  )

  it.scoped("sends signals to running containers only", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("runs")
      const early = yield* Effect.flip(docker.containers.kill(id))
      assert.strictEqual(early._tag, "ContainerNotRunning")
      yield* docker.containers.start(id)
      yield* docker.containers.kill(id)
      assert.strictEqual(yield* docker.containers.wait(id), 137)
      assert.strictEqual((yield* Effect.flip(docker.containers.kill(missing)))._tag, "ContainerNotFound")
    })
  )

  it.scoped("pauses and resumes", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("runs")
      assert.strictEqual((yield* Effect.flip(docker.containers.pause(id)))._tag, "ContainerNotRunning")
      yield* docker.containers.start(id)
      yield* docker.containers.pause(id)
      assert.strictEqual((yield* docker.containers.inspect(id)).state.status, "paused")
      assert.strictEqual((yield* Effect.flip(docker.containers.start(id)))._tag, "StartRejected")
      yield* docker.containers.unpause(id)
      assert.strictEqual((yield* docker.containers.inspect(id)).state.status, "running")
    })
  )

  it.scoped("removes a container or finds it missing, and removes a running one only with force", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("runs")
      yield* docker.containers.start(id)
      assert.strictEqual((yield* Effect.flip(docker.containers.remove(id)))._tag, "ContainerRunning")
      yield* Effect.all(
        Array.from({ length: 10 }, () => docker.containers.remove(id, { force: true })),
        { concurrency: "unbounded" }
      )
      assert.strictEqual((yield* Effect.flip(docker.containers.inspect(id)))._tag, "ContainerNotFound")
      yield* docker.containers.remove(id)
      assert.strictEqual((yield* Effect.flip(docker.containers.start(id)))._tag, "ContainerNotFound")
    })
  )

  it.scoped("waits for the end and for the removal", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created({ exits: 7 })
      const removal = yield* Effect.fork(docker.containers.wait(id, { until: "removed" }))
      yield* docker.containers.start(id)
      assert.strictEqual(yield* docker.containers.wait(id), 7)
      assert.strictEqual((yield* docker.containers.inspect(id)).state.exitCode, 7)
      yield* Effect.yieldNow()
      yield* docker.containers.remove(id)
      yield* Fiber.await(removal)
      assert.strictEqual((yield* Effect.flip(docker.containers.wait(id)))._tag, "ContainerNotFound")
    })
  )

  it.scoped("gives up waiting when interrupted", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("runs")
      yield* docker.containers.start(id)
      const waiting = yield* Effect.fork(docker.containers.wait(id))
      yield* docker.containers.inspect(id)
      const exit = yield* Fiber.interrupt(waiting)
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual((yield* docker.containers.inspect(id)).state.status, "running")
    })
  )

  it.scoped("lists the containers with the labels, in every state", () =>
    Effect.gen(function* () {
      const { created, docker, labels } = yield* setting
      const name = yield* freshName
      const own = { labels: { ...labels, own: name } }
      const waiting = yield* created("runs", own)
      const running = yield* created("runs", own)
      const ended = yield* created({ exits: 0 }, own)
      yield* docker.containers.start(running)
      yield* docker.containers.start(ended)
      yield* docker.containers.wait(ended)
      const listed = yield* docker.containers.list({ ...labels, own: name })
      assert.sameDeepMembers(
        listed.map(({ id, status }) => [id, status]),
        [
          [waiting, "created"],
          [running, "running"],
          [ended, "exited"]
        ]
      )
      assert.deepStrictEqual(yield* docker.containers.list({ ...labels, own: "other" }), [])
      assert.strictEqual((yield* docker.containers.list({ ...labels, own: true })).length, 3)
    })
  )
}
