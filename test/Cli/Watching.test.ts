// Commands that go on until they are interrupted.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, TestClock } from "effect"
import { Input, Output, run } from "../../src/Cli/index.js"
import { cli, World } from "./support.js"

const deploy = (name: string) => cli(["deploy", "weather.ts", "--name", name])

/** A command that goes on; what it said so far can be waited for. */
const going = (argv: ReadonlyArray<string>, options: { readonly isInteractive?: boolean } = {}) =>
  Effect.gen(function* () {
    const captured = Output.capture(options)
    const fiber = yield* Effect.fork(Effect.provide(run(argv), Layer.merge(captured.layer, Input.layerTest({}))))
    const turn = Effect.zipRight(
      TestClock.adjust("500 millis"),
      Effect.promise(() => new Promise(setImmediate))
    )
    return {
      until: (wanted: RegExp) =>
        Effect.repeat(Effect.zipRight(turn, captured.stdout), { until: (text) => wanted.test(text), times: 1_000 }),
      interrupted: Effect.map(Fiber.interrupt(fiber), (exit) =>
        assert.isTrue(Exit.isInterrupted(exit) || (Exit.isSuccess(exit) && exit.value === 130))
      )
    }
  })

describe("events -f", () => {
  it.effect("shows past events, then new ones", () =>
    Effect.gen(function* () {
      yield* deploy("followed")
      const plain = yield* going(["events", "followed", "-f"])
      const asJson = yield* going(["events", "-f", "--json", "followed"])
      yield* plain.until(/provision +operation_finished/)
      yield* cli(["deprovision", "followed"])
      const text = yield* plain.until(/deprovision +operation_finished/)
      assert.match(text.split("\n")[0] ?? "", /^\S+Z {2}provision +operation_started/)
      const events = (yield* asJson.until(/"deprovision","type":"operation_finished"/)).trim().split("\n")
      const sequences = events.map((line) => Number((JSON.parse(line) as { sequence: number }).sequence))
      assert.deepStrictEqual(
        sequences,
        [...new Set(sequences)].sort((a, b) => a - b)
      )
      yield* plain.interrupted
      yield* asJson.interrupted
      assert.strictEqual((yield* cli(["events", "missing", "-f"])).exitCode, 1)
    }).pipe(Effect.provide(World))
  )
})

describe("list --watch", () => {
  it.effect("prints a line for each deployment that changes", () =>
    Effect.gen(function* () {
      yield* deploy("one")
      const plain = yield* going(["list", "--watch"])
      const asJson = yield* going(["list", "--watch", "--json"])
      assert.strictEqual((yield* plain.until(/one {2}running/)).trim().split("\n").length, 1)
      yield* asJson.until(/"running"/)
      yield* cli(["deprovision", "one"])
      yield* plain.until(/one {2}absent {2}generation 1\n/)
      yield* asJson.until(/"absent"/)
      yield* cli(["delete", "one", "--yes"])
      yield* plain.until(/one {2}gone\n/)
      yield* asJson.until(/"gone":"one"/)
      yield* plain.interrupted
      yield* asJson.interrupted
    }).pipe(Effect.provide(World))
  )

  it.effect("redraws the list on a terminal after a change", () =>
    Effect.gen(function* () {
      const { interrupted, until } = yield* going(["list", "--watch"], { isInteractive: true })
      yield* until(/There are no deployments/)
      yield* deploy("two")
      const drawn = (yield* until(/two +running/)).split("\u001b[2J\u001b[H")
      assert.include(drawn[1], "There are no deployments")
      assert.match(drawn.at(-1) ?? "", /Ctrl-C ends\.\n\nNAME +STATUS/)
      yield* interrupted
    }).pipe(Effect.provide(World))
  )
})
