/** Laws of reading the logs and events of containers. */
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { freshName, type It, setting } from "./Fixture.js"

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

export const laws = (it: It): void => {
  it.scoped("reads both streams of a log, with times, from the end or since a time", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("writes")
      assert.deepStrictEqual(yield* collect(docker.containers.logs(id)), [])
      yield* docker.containers.start(id)
      yield* docker.containers.wait(id)
      const lines = yield* collect(docker.containers.logs(id))
      assert.sameDeepMembers(
        lines.map(({ stream, text }) => [stream, text]),
        [
          ["stdout", "out"],
          ["stderr", "err"]
        ]
      )
      assert.strictEqual((yield* collect(docker.containers.logs(id, { tail: 1 }))).length, 1)
      assert.deepStrictEqual(yield* collect(docker.containers.logs(id, { tail: 0 })), [])
      const at = lines[0]?.at
      assert.isDefined(at)
      const later = DateTime.toEpochMillis(at ?? DateTime.unsafeMake(0)) + 3_600_000
      assert.deepStrictEqual(yield* collect(docker.containers.logs(id, { since: later })), [])
      assert.strictEqual((yield* collect(docker.containers.logs(id, { since: later - 7_200_000 }))).length, 2)
      const untimed = yield* collect(docker.containers.logs(id, { timestamps: false }))
      assert.deepStrictEqual(
        untimed.map(({ at }) => at),
        [undefined, undefined]
      )
    })
  )

  it.scoped("follows a log to the end of the container", () =>
    Effect.gen(function* () {
      const { created, docker } = yield* setting
      const id = yield* created("writes")
      yield* docker.containers.start(id)
      const lines = yield* collect(docker.containers.logs(id, { follow: true }))
      assert.strictEqual(lines.length, 2)
      assert.strictEqual(yield* docker.containers.wait(id), 0)
    })
  )

  it.scoped("has no log of a missing container", () =>
    Effect.gen(function* () {
      const { docker } = yield* setting
      const error = yield* Effect.flip(collect(docker.containers.logs("effect-deployers-nobody")))
      assert.strictEqual(error._tag, "ContainerNotFound")
    })
  )

  it.scoped("streams the events of containers with the labels, and of no others", () =>
    Effect.gen(function* () {
      const { created, docker, labels } = yield* setting
      const own = { ...labels, own: yield* freshName }
      const following = yield* docker.events({ labels: own, types: ["container"] }).pipe(
        Stream.filter(({ action }) => action !== "create"),
        Stream.takeUntil(({ action }) => action === "die"),
        collect,
        Effect.fork
      )
      const other = yield* created({ exits: 3 })
      const id = yield* created({ exits: 3 }, { labels: own })
      // Nothing shows that the stream of events has begun, so the container starts again until an event arrives.
      const runs = docker.containers
        .start(other)
        .pipe(Effect.zipRight(docker.containers.start(id)), Effect.zipRight(docker.containers.wait(id)))
      const events = yield* Effect.raceFirst(
        Fiber.join(following),
        Effect.zipRight(Effect.repeat(runs, Schedule.spaced("200 millis")), Effect.never)
      )
      assert.deepStrictEqual(new Set(events.map((event) => event.id)), new Set([id]))
      const die = events.at(-1)
      assert.strictEqual(die?.action, "die")
      assert.strictEqual(die?.attributes["exitCode"], "3")
    })
  )
}
