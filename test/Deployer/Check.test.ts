import { assert, describe, it } from "@effect/vitest"
import { Chunk, Context, Effect, Layer, Queue, Ref, Schema } from "effect"
import { Client, Deployer, Errors, Pipeline, Step } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine, VirtualTime } from "effect-deployers/Testing"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

class CityUnknown extends Schema.TaggedError<CityUnknown>()("CityUnknown", { city: Schema.String }) {}
class TooCold extends Schema.TaggedError<TooCold>()("TooCold", { celsius: Schema.Number }) {}
class Model extends Context.Tag("Model")<Model, { readonly offset: number }>() {}

const forecast = Step.make("forecast", {
  input: Schema.String,
  output: Schema.Number,
  run: (city) => Effect.succeed(city.length)
})

const io = {
  input: Schema.Struct({ city: Schema.NonEmptyString }),
  output: Schema.Struct({ city: Schema.String, celsius: Schema.NumberFromString, tags: Schema.Array(Schema.String) }),
  error: CityUnknown
}

type Check = Pipeline.CheckOptions<typeof io.input, typeof io.output, typeof CityUnknown, Model, never>

const weather = (check?: Check) =>
  Pipeline.make("weather", {
    ...io,
    check,
    run: ({ city }) =>
      Effect.gen(function* () {
        if (city === "Atlantis") return yield* new CityUnknown({ city })
        if (city === "Nowhere") return yield* Effect.dieMessage("no such place")
        if (city === "Ever") return yield* Effect.never
        const { offset } = yield* Model
        return { city, celsius: offset + (yield* forecast(city)), tags: ["cool"] }
      })
  }).pipe(Pipeline.provide(Layer.succeed(Model, { offset: 10 })))

const provision = (pipeline: Pipeline.Any, options: Omit<Deployer.ProvisionOptions, "name"> = {}) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    return yield* deployer.provision(yield* InMemoryDeployer.snapshot(pipeline), { name: "weather", ...options })
  })

/** The failure of a first deploy with a check. */
const failureOf = (check: Check) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(provision(weather(check)))
    assert.instanceOf(error, Errors.DeploymentCheckFailed)
    assert.strictEqual((yield* InMemoryEngine.InMemoryEngine).instances.size, 0)
    return error.failure
  }).pipe(Effect.provide(InMemoryDeployer.layer), VirtualTime.run)

const eventTypes = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const events = yield* Effect.flatMap(Deployer.Deployer, ({ subscribe }) => subscribe)
    yield* Effect.exit(operation)
    return Chunk.toReadonlyArray(yield* Queue.takeAll(events)).map(({ type }) => type)
  }).pipe(Effect.scoped)

describe("the check of a pipeline", () => {
  it.effect("passes with the expected part of the outputs, leaves no run and no metric, and is a phase", () =>
    Effect.gen(function* () {
      const check = { input: { city: "Oslo" }, expect: { celsius: "14", tags: ["cool"] } }
      const types = yield* eventTypes(provision(weather(check)))
      assert.deepStrictEqual(types.slice(types.indexOf("check_waiting"), types.indexOf("generation_committed")), [
        "check_waiting",
        "health_waiting",
        "check_passed",
        "healthy"
      ])
      assert.deepStrictEqual((yield* Client.runs("weather")).runs, [])
      assert.include(yield* Client.metrics("weather"), 'deployers_runs_total{status="succeeded"} 0')
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("invokes the pipeline of the new instance as an Effect", () =>
    Effect.gen(function* () {
      const seen = yield* Ref.make<ReadonlyArray<number>>([])
      const run = (
        invoke: (input: { readonly city: string }) => Effect.Effect<{ readonly celsius: number }, unknown, Model>
      ) => Effect.flatMap(invoke({ city: "Rome" }), ({ celsius }) => Ref.update(seen, (all) => [...all, celsius]))
      const pipeline = Pipeline.make("weather", {
        ...io,
        run: ({ city }) => Effect.map(Model, ({ offset }) => ({ city, celsius: offset, tags: [] })),
        check: { run }
      }).pipe(Pipeline.provide(Layer.succeed(Model, { offset: 7 })))
      assert.strictEqual((yield* provision(pipeline)).status, "running")
      assert.deepStrictEqual(yield* Ref.get(seen), [7])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("fails with the typed failure of the pipeline", () =>
    Effect.map(failureOf({ input: { city: "Atlantis" } }), (failure) =>
      assert.deepInclude(failure, { _tag: "CityUnknown", error: { _tag: "CityUnknown", city: "Atlantis" } })
    )
  )

  it.effect("fails with the typed error of the check", () =>
    Effect.map(failureOf({ run: () => new TooCold({ celsius: -3 }) }), (failure) =>
      assert.strictEqual(failure._tag, "TooCold")
    )
  )

  it.effect("fails with a defect of the pipeline", () =>
    Effect.map(failureOf({ input: { city: "Nowhere" } }), (failure) =>
      assert.deepStrictEqual(failure, { _tag: "CheckDied", message: "RuntimeException: no such place" })
    )
  )

  it.effect("fails when the check throws", () =>
    Effect.map(
      failureOf({
        run: () => {
          throw new Error("thrown")
        }
      }),
      (failure) => assert.deepStrictEqual(failure, { _tag: "CheckDied", message: "Error: thrown" })
    )
  )

  it.effect("fails with the first member of the outputs that is otherwise", () =>
    Effect.gen(function* () {
      const failure = yield* failureOf({ input: { city: "Oslo" }, expect: { city: "Oslo", celsius: "15" } })
      assert.deepStrictEqual(failure, {
        _tag: "CheckUnexpectedOutput",
        message: 'output.celsius is "14" instead of "15"'
      })
      const list = yield* failureOf({ input: { city: "Oslo" }, expect: { tags: [] } })
      assert.strictEqual(list.message, 'output.tags is ["cool"] instead of []')
    })
  )

  it.effect("fails with an input that does not fit the schema", () =>
    Effect.map(failureOf({ input: { city: "" } }), (failure) => {
      assert.strictEqual(failure._tag, "CheckInvalidInput")
      assert.include(failure.message, "city")
    })
  )

  it.effect("fails at its deadline, which is never after that of the operation", () =>
    Effect.gen(function* () {
      const failure = yield* failureOf({ input: { city: "Ever" }, timeout: "5 seconds" })
      assert.deepStrictEqual(failure, { _tag: "CheckTimedOut", message: "it did not end within 5000 ms" })
      const byDefault = yield* failureOf({ run: () => Effect.uninterruptible(Effect.never) })
      assert.strictEqual(byDefault.message, "it did not end within 30000 ms")
    })
  )

  it.effect("that fails in a replace leaves the old version as it was, with the failure and the log", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const made = yield* provision(weather({ input: { city: "Oslo" } }))
      const failing = provision(weather({ input: { city: "Atlantis" } }))
      const error = yield* Effect.flip(failing)
      assert.instanceOf(error, Errors.DeploymentCheckFailed)
      assert.include(error.message, 'The check of the new version of "weather" failed')
      assert.include(error.message, "CityUnknown")
      assert.isNotEmpty(error.logs)
      assert.deepStrictEqual(yield* deployer.get("weather"), made)
      const { outputs } = yield* Client.invoke("weather", { city: "Oslo" })
      assert.deepInclude(outputs, { celsius: "14" })
      assert.include(yield* eventTypes(failing), "check_failed")
    }).pipe(Effect.provide(InMemoryDeployer.layer), VirtualTime.run)
  )

  it.effect("does not run when the caller says no", () =>
    Effect.gen(function* () {
      const types = yield* eventTypes(provision(weather({ input: { city: "Atlantis" } }), { check: false }))
      assert.notInclude(types, "check_waiting")
      assert.include(types, "operation_finished")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("does not run in a rollback or a restart, which must not depend on it", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const engine = yield* InMemoryEngine.InMemoryEngine
      const runs = yield* Ref.make(0)
      const run = () => Ref.update(runs, (count) => count + 1)
      yield* provision(weather({ run }))
      yield* provision(weather())
      assert.strictEqual((yield* deployer.rollback("weather")).generation, 3)
      yield* Effect.forEach(engine.instances.keys(), engine.crash, { discard: true })
      yield* deployer.reconcile
      assert.strictEqual((yield* deployer.get("weather")).status, "running")
      assert.strictEqual(yield* Ref.get(runs), 1)
      yield* deployer.reprovision("weather")
      assert.strictEqual(yield* Ref.get(runs), 2)
    }).pipe(Effect.provide(InMemoryDeployer.layer), VirtualTime.run)
  )

  it.effect("is in the spec of a snapshot", () =>
    Effect.gen(function* () {
      const snapshot = yield* InMemoryDeployer.snapshot(weather({ input: { city: "Oslo" } }))
      assert.isTrue(snapshot.spec.check)
      const [stored] = yield* Effect.flatMap(SnapshotStore, ({ list }) => list({}))
      assert.isTrue(stored?.spec.check)
      assert.isUndefined((yield* InMemoryDeployer.snapshot(weather())).spec.check)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
