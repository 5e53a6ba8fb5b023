// Health checks that layers of a pipeline contribute.
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Layer, Ref, Schema, TestClock } from "effect"
import { Health, Pipeline } from "effect-deployers"
import { Server } from "effect-deployers/Server"
import * as HealthChecks from "../../../src/Server/Run/HealthChecks.js"
import { memory, quiet, request } from "../Harness.js"

class Lost extends Schema.TaggedError<Lost>()("Lost", { message: Schema.String }) {}

class Model extends Context.Tag("test/Model")<Model, { readonly ping: Effect.Effect<void, Lost> }>() {}

const double = Pipeline.make("double", {
  input: Schema.Struct({ x: Schema.Number }),
  output: Schema.Struct({ y: Schema.Number }),
  run: ({ x }) => Effect.as(Model, { y: 2 * x })
})

/** A pipeline whose model is well while the Ref says so. */
const withModel = (problem: Ref.Ref<Lost | undefined>) => {
  const ping = Effect.flatMap(Ref.get(problem), (lost) => (lost === undefined ? Effect.void : Effect.fail(lost)))
  const checked = Health.check(
    "model",
    Effect.flatMap(Model, (model) => model.ping),
    { every: "10 seconds" }
  )
  return Pipeline.provide(double, Layer.provideMerge(checked, Layer.succeed(Model, { ping })))
}

const healthOf = (path: string) =>
  Effect.map(request(path), ({ json, status }) => ({ status, health: json["status"], checks: json["checks"] }))

const passing = [
  { name: "lifecycle", status: "pass" },
  { name: "store", status: "pass" }
]

describe("a check of a layer", () => {
  it.scoped("C18: is shown in health, and readiness follows it", () =>
    Effect.gen(function* () {
      const problem = yield* Ref.make<Lost | undefined>(undefined)
      const served = Layer.provide(Server.layer(withModel(problem)), [memory(), quiet])
      yield* Effect.gen(function* () {
        const well = { status: 200, health: "ready", checks: [...passing, { name: "model", status: "pass" }] }
        assert.deepStrictEqual(yield* healthOf("/health"), well)
        yield* Ref.set(problem, new Lost({ message: "The GPU is gone." }))
        assert.deepStrictEqual(yield* healthOf("/health"), well)
        yield* TestClock.adjust("10 seconds")
        const ill = {
          status: 503,
          health: "failed",
          checks: [...passing, { name: "model", status: "fail", reason: "The GPU is gone." }]
        }
        assert.deepStrictEqual(yield* healthOf("/health"), ill)
        assert.deepStrictEqual(yield* healthOf("/health/ready"), ill)
        assert.strictEqual((yield* healthOf("/health/live")).status, 200)
        yield* Ref.set(problem, undefined)
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* healthOf("/health"), well)
      }).pipe(Effect.provide(served))
    })
  )
  it.scoped("has its first look before the service is ready", () =>
    Effect.gen(function* () {
      const problem = yield* Ref.make<Lost | undefined>(new Lost({ message: "No model yet." }))
      const served = Layer.provide(Server.layer(withModel(problem)), [memory(), quiet])
      const { health } = yield* Effect.provide(healthOf("/health"), served)
      assert.strictEqual(health, "failed")
    })
  )
})

describe("a look", () => {
  /** The finding of a check after its first look. */
  const findingOf = (check: Layer.Layer<never>) =>
    Effect.gen(function* () {
      const { checks, findings } = yield* HealthChecks.HealthChecks
      yield* Effect.provideService(Layer.build(check), Health.Checks, checks)
      return findings()
    }).pipe(Effect.scoped, Effect.provide([HealthChecks.layer, quiet]))

  it.effect("that does not answer in time has failed, also when it ignores its interruption", () =>
    Effect.gen(function* () {
      const hanging = Effect.uninterruptible(Effect.never)
      const looking = yield* Effect.fork(findingOf(Health.check("model", hanging, { timeout: "3 seconds" })))
      yield* TestClock.adjust("3 seconds")
      const reason = "It did not answer within 3s."
      assert.deepStrictEqual(yield* looking, [{ name: "model", status: "fail", reason }])
    })
  )
  it.effect("that dies shows no details", () =>
    Effect.gen(function* () {
      const [finding] = yield* findingOf(Health.check("model", Effect.die("password=123")))
      assert.strictEqual(finding?.status, "fail")
      assert.notInclude(finding?.reason, "123")
    })
  )
  it.effect("that fails without a message shows its tag", () =>
    Effect.gen(function* () {
      const [finding] = yield* findingOf(Health.check("model", Effect.fail({ _tag: "Unreachable" })))
      assert.strictEqual(finding?.reason, "Unreachable")
    })
  )
  it.scoped("is repeated until the layer is released, which takes its finding away", () =>
    Effect.gen(function* () {
      const looks = yield* Ref.make(0)
      const third = yield* Deferred.make<void>()
      const count = Effect.flatMap(
        Ref.updateAndGet(looks, (n) => n + 1),
        (n) => (n === 3 ? Deferred.succeed(third, undefined) : Effect.void)
      )
      const { checks, findings } = yield* HealthChecks.HealthChecks
      const check = Health.check("model", count, { every: "1 minute" })
      const living = Effect.gen(function* () {
        yield* Effect.provideService(Layer.build(check), Health.Checks, checks)
        yield* TestClock.adjust("2 minutes")
        yield* Deferred.await(third)
        assert.lengthOf(findings(), 1)
      })
      yield* Effect.scoped(living)
      assert.lengthOf(findings(), 0)
    }).pipe(Effect.provide(HealthChecks.layer))
  )
  it.effect("outside of a service is not made", () =>
    Effect.provide(Effect.void, Health.check("model", Effect.die("never run")))
  )
})

describe("the findings of several processes", () => {
  it("fail while one of them fails", () => {
    const pass = { name: "model", status: "pass" } as const
    const fail = { name: "model", status: "fail", reason: "gone" } as const
    assert.deepStrictEqual(HealthChecks.combine([[pass], [fail], [pass]]), [fail])
    assert.deepStrictEqual(HealthChecks.combine([[fail], []]), [fail])
    assert.deepStrictEqual(HealthChecks.combine([[], [pass, { ...pass, name: "cache" }]]).length, 2)
  })
})
