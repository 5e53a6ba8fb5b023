import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, FiberRef, Logger, Option } from "effect"
import { CurrentRun, type RunListener } from "../../../../src/Run.js"
import * as RunFiber from "../../../../src/Server/Run/Execution/RunFiber.js"

class Model extends Context.Tag("test/Model")<Model, string>() {}
class Store extends Context.Tag("test/Store")<Store, string>() {}

const listener = (id: string): RunListener => ({
  info: { id, name: "run", deploymentName: "deployment" },
  stepStarted: () => ({ ended: () => Effect.void }),
  published: () => Effect.void
})

/** Starts a program as a run, in a runtime that was made where this is run. */
const run = <A>(program: Effect.Effect<A>, id = "one") =>
  Effect.map(Effect.runtime<never>(), (base) => {
    const runtime = RunFiber.makeRuntime(base, warm)
    return runtime.start(program, listener(id)).unsafePoll() as Exit.Exit<A> | null
  })

const warm = Context.make(Model, "warm") as Context.Context<never>

describe("RunFiber.makeRuntime", () => {
  it.effect("gives a run the warm state and itself, and nothing else of the service", () =>
    Effect.gen(function* () {
      const seen = yield* run(
        Effect.all([
          Effect.serviceOption(Model),
          Effect.serviceOption(Store),
          Effect.map(CurrentRun, ({ info }) => info?.id)
        ])
      )
      assert.deepStrictEqual(seen, Exit.succeed([Option.some("warm"), Option.none<string>(), "one"]))
    }).pipe(Effect.provideService(Store, "the service's own"))
  )

  it.scoped("lets runs inherit loggers and references, and keeps what one sets from the others", () =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const logger = Logger.make(({ message }) => void lines.push(message))
      const level = yield* FiberRef.make("initial")
      const base = yield* Effect.runtime<never>().pipe(
        Effect.locally(level, "inherited"),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      const runtime = RunFiber.makeRuntime(base, warm)
      const program = Effect.zipRight(Effect.log("said"), FiberRef.getAndSet(level, "changed"))
      const ends = ["one", "two"].map((id) => runtime.start(program, listener(id)).unsafePoll())
      assert.deepStrictEqual(ends, [Exit.succeed("inherited"), Exit.succeed("inherited")])
      assert.deepStrictEqual(lines, [["said"], ["said"]])
      assert.strictEqual(yield* FiberRef.get(level), "initial")
    })
  )

  it.effect("starts runs that can be interrupted, also when it was made where nothing could be", () =>
    Effect.gen(function* () {
      const base = yield* Effect.uninterruptible(Effect.runtime<never>())
      const fiber = RunFiber.makeRuntime(base, warm).start(Effect.never, listener("one"))
      const exit = yield* Effect.zipRight(Effect.fork(fiber.interruptAsFork(fiber.id())), fiber.await)
      assert.isTrue(Exit.isInterrupted(exit))
    })
  )
})
