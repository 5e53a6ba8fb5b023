import { HttpApiSchema } from "@effect/platform"
import { Context, Deferred, Effect, Layer, Ref, Schedule, Schema } from "effect"
import { Pipeline, Run, Step } from "effect-deployers"

export class CityUnknown extends Schema.TaggedError<CityUnknown>()(
  "CityUnknown",
  { city: Schema.String },
  HttpApiSchema.annotations({ status: 404 })
) {
  override get message() {
    return `${this.city} is not a known city.`
  }
}

export class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

const forecast = Step.make("forecast", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Struct({ celsius: Schema.Number }),
  run: ({ city }) => Effect.succeed({ celsius: city.length })
})

/** Two steps, a default, typed failures by city. */
export const weather = Pipeline.make("weather", {
  description: "Reports the weather.",
  input: Schema.Struct({
    city: Schema.String,
    days: Schema.optionalWith(Schema.Int.pipe(Schema.greaterThan(0)), { default: () => 1 }),
    unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const })
  }),
  output: Schema.Struct({ summary: Schema.String, at: Schema.optional(Schema.Date) }),
  error: Schema.Union(CityUnknown, Refused),
  run: ({ city, unit }) =>
    Effect.gen(function* () {
      if (city === "Atlantis") return yield* new CityUnknown({ city })
      if (city === "Area 51") return yield* new Refused({ why: "secret" })
      if (city === "Bug") return yield* Effect.dieMessage("TOP-SECRET detail")
      const { celsius } = yield* forecast({ city })
      yield* forecast({ city: `${city}!` })
      yield* Run.publish({ progress: 0.5 })
      return { summary: `${city}: ${celsius}${unit}` }
    })
})

/** Waits until it is told to go on, and tells when it started and how it ended. */
export class Latch extends Context.Tag("test/Latch")<
  Latch,
  {
    readonly started: Deferred.Deferred<void>
    readonly release: Deferred.Deferred<void>
    readonly interrupted: Deferred.Deferred<void>
    readonly runs: Ref.Ref<number>
  }
>() {}

export const makeLatch = Effect.all({
  started: Deferred.make<void>(),
  release: Deferred.make<void>(),
  interrupted: Deferred.make<void>(),
  runs: Ref.make(0)
})

const wait = Step.make("wait", {
  input: Schema.Void,
  output: Schema.String,
  run: () =>
    Effect.gen(function* () {
      const latch = yield* Latch
      yield* Ref.update(latch.runs, (n) => n + 1)
      yield* Deferred.succeed(latch.started, undefined)
      yield* Deferred.await(latch.release)
      return "released"
    }).pipe(
      Effect.onInterrupt(() => Effect.flatMap(Latch, ({ interrupted }) => Deferred.succeed(interrupted, undefined)))
    )
})

export const waiting = (latch: Context.Tag.Service<Latch>) =>
  Pipeline.make("waiting", {
    input: Schema.Struct({}),
    output: Schema.String,
    run: () => wait()
  }).pipe(Pipeline.provide(Layer.succeed(Latch, latch)))

/** Steps in a loop, in parallel, with a retry, with a timeout: chosen by name. */
export const steps = Pipeline.make("steps", {
  input: Schema.Struct({ kind: Schema.String }),
  output: Schema.Unknown,
  error: Refused,
  run: ({ kind }) => (kinds[kind] ?? Effect.succeed)(kind)
})

const attempts = new Map<string, number>()
const flaky = Step.make("flaky", {
  input: Schema.String,
  output: Schema.Number,
  error: Refused,
  retry: Schedule.recurs(3),
  run: (key) =>
    Effect.suspend(() => {
      const count = (attempts.get(key) ?? 0) + 1
      attempts.set(key, count)
      return count < 3 ? Effect.fail(new Refused({ why: `attempt ${count}` })) : Effect.succeed(count)
    })
})
const refusing = Step.make("refusing", {
  input: Schema.Void,
  output: Schema.Void,
  error: Refused,
  run: () => Effect.fail(new Refused({ why: "always" }))
})
const slow = Step.make("slow", {
  input: Schema.Void,
  output: Schema.Void,
  timeout: "20 millis",
  run: () => Effect.never
})
const square = Step.make("square", {
  input: Schema.Number,
  output: Schema.Number,
  run: (n) => Effect.as(Effect.yieldNow(), n * n)
})
const lying = Step.make("lying", {
  input: Schema.Void,
  output: Schema.Number,
  run: () => Effect.succeed("seven" as unknown as number)
})

const kinds: Record<string, (kind: string) => Effect.Effect<unknown, Refused | Step.StepTimedOut>> = {
  flaky: () => flaky("one"),
  refusing: () => refusing(),
  slow: () => slow(),
  loop: () => Effect.forEach([1, 2, 3], (n) => square(n)),
  parallel: () => Effect.forEach([1, 2, 3, 4], (n) => square(n), { concurrency: "unbounded" }),
  lying: () => lying(),
  bigint: () => Effect.succeed(1n),
  cycle: () =>
    Effect.sync(() => {
      const value: Record<string, unknown> = {}
      value["self"] = value
      return value
    }),
  throws: () => {
    throw new Error("TOP-SECRET thrown")
  },
  thrownUndefined: () => Effect.die(undefined),
  thrownSymbol: () => Effect.die(Symbol("odd")),
  thrownHostile: () =>
    Effect.die({
      get message() {
        throw new Error("no")
      },
      toString() {
        throw new Error("no")
      }
    }),
  foreignFailure: () => Effect.fail({ _tag: "Nowhere" } as unknown as Refused),
  publishCycle: () => Effect.as(Run.publish(1n), "never"),
  interruptsItself: () => Effect.interrupt,
  recovers: () => Effect.as(Effect.ignore(refusing()), "recovered")
}
