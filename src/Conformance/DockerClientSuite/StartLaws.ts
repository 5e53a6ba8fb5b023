/** Laws of containers that do not start: the error, and the state of the container. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { freshName, type It, setting } from "./Fixture.js"

export const laws = (it: It): void => {
  it.scoped("reports that another container has the port, keeps this one, and starts it when the port is free", () =>
    Effect.gen(function* () {
      const { created, docker, fixture } = yield* setting
      const ports = [{ container: 80, host: yield* fixture.freePort }]
      const first = yield* created("runs", { ports })
      const second = yield* created("runs", { ports })
      yield* docker.containers.start(first)
      const error = yield* Effect.flip(docker.containers.start(second))
      assert.strictEqual(error._tag, "PortConflict")
      assert.deepInclude(error, { container: second, port: ports[0]?.host })
      assert.strictEqual((yield* docker.containers.inspect(second)).state.status, "created")
      yield* docker.containers.remove(first, { force: true })
      yield* docker.containers.start(second)
      const { ports: published } = yield* docker.containers.inspect(second)
      assert.strictEqual(published[0]?.host, ports[0]?.host)
    })
  )

  it.scoped("reports that a process has the port", () =>
    Effect.gen(function* () {
      const { created, docker, fixture } = yield* setting
      const host = yield* fixture.occupiedPort
      const id = yield* created("runs", { ports: [{ container: 80, host }] })
      const error = yield* Effect.flip(docker.containers.start(id))
      assert.strictEqual(error._tag, "PortConflict")
      assert.deepInclude(error, { port: host })
    })
  )

  it.scoped("chooses ports that the specification omits", () =>
    Effect.gen(function* () {
      const { docker, spec } = yield* setting
      const many = yield* Effect.all(
        Array.from({ length: 4 }, () => docker.runScoped(spec("runs", { ports: [{ container: 80 }] }))),
        { concurrency: "unbounded" }
      )
      const hosts = many.map(({ ports }) => ports[0]?.host)
      assert.strictEqual(new Set(hosts).size, 4)
      assert.notInclude(hosts, undefined)
    })
  )

  it.scoped("reports that the program is missing, and keeps the container", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("missing", { init: false })
      const error = yield* Effect.flip(docker.containers.start(id))
      assert.strictEqual(error._tag, "StartRejected")
      assert.deepInclude(error, { container: id, exitCode: 127 })
      const { state } = yield* docker.containers.inspect(id)
      assert.deepInclude(state, { status: "created", exitCode: 127 })
      assert.isNotEmpty(state.error)
    })
  )

  it.scoped("reports that the network is missing", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("runs", { network: yield* freshName })
      const error = yield* Effect.flip(docker.containers.start(id))
      assert.strictEqual(error._tag, "StartRejected")
    })
  )

  it.scoped("starts a failing container again as often as its policy says", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created({ exits: 1 }, { restartPolicy: { name: "on-failure", maximumRetryCount: 2 } })
      yield* docker.containers.start(id)
      yield* docker.containers.inspect(id).pipe(
        Effect.repeat({
          until: ({ restartCount, state }) => restartCount === 2 && state.status === "exited",
          schedule: Schedule.spaced("50 millis")
        }),
        Effect.timeout("20 seconds")
      )
      const { restartCount, state } = yield* docker.containers.inspect(id)
      assert.strictEqual(restartCount, 2)
      assert.deepInclude(state, { status: "exited", exitCode: 1 })
    })
  )

  it.effect("removes a scoped container when the scope closes, started or not", () =>
    Effect.gen(function* () {
      const { docker, spec } = yield* setting
      const name = yield* freshName
      const container = yield* Effect.scoped(docker.runScoped(spec("runs", { name })))
      assert.strictEqual(container.name, name)
      assert.strictEqual(container.state.status, "running")
      assert.strictEqual((yield* Effect.flip(docker.containers.inspect(name)))._tag, "ContainerNotFound")
      const failed = yield* Effect.flip(Effect.scoped(docker.runScoped(spec("missing", { name, init: false }))))
      assert.strictEqual(failed._tag, "StartRejected")
      assert.strictEqual((yield* Effect.flip(docker.containers.inspect(name)))._tag, "ContainerNotFound")
    })
  )

  it.scoped("leaves a foreign container of the name alone", () =>
    Effect.gen(function* () {
      const { created, docker, spec } = yield* setting
      const name = yield* freshName
      const foreign = yield* created("runs", { name })
      yield* docker.containers.start(foreign)
      const error = yield* Effect.flip(Effect.scoped(docker.runScoped(spec("runs", { name }))))
      assert.strictEqual(error._tag, "NameConflict")
      const { id, state } = yield* docker.containers.inspect(name)
      assert.strictEqual(id, foreign)
      assert.strictEqual(state.status, "running")
    })
  )
}
