import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { Pipeline, Run, Session } from "effect-deployers"

const visits = Session.make("visits", Schema.Number)

const Profile = Schema.Struct({ name: Schema.String.pipe(Schema.maxLength(5)), since: Schema.Date })
const profile = Session.make("profile", Profile, { maxBytes: 60 })

const ada = Session.layerMemory("ada")

describe("a state of a session", () => {
  it.effect("is absent first, and later what was written last", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* visits.get)
      assert.strictEqual((yield* visits.read).version, 0)
      const first = yield* visits.set(1)
      assert.deepStrictEqual(yield* visits.read, { value: 1, version: first })
      assert.strictEqual(yield* visits.update((count = 0) => count + 1), 2)
      yield* visits.remove
      assert.isUndefined(yield* visits.get)
      yield* visits.remove
    }).pipe(Effect.provide(ada))
  )

  it.effect("passes through its schema", () =>
    Effect.gen(function* () {
      const since = new Date(0)
      yield* profile.set({ name: "Ada", since })
      assert.deepStrictEqual(yield* profile.get, { name: "Ada", since })
      const states = yield* Session.Sessions
      assert.deepStrictEqual((yield* states.read("ada", "profile"))?.value, {
        name: "Ada",
        since: "1970-01-01T00:00:00.000Z"
      })
    }).pipe(Effect.provide(ada))
  )

  it.effect("of another session is another one", () =>
    Effect.gen(function* () {
      yield* visits.set(1)
      assert.isUndefined(yield* visits.of("bob").get)
      yield* visits.of("bob").set(7)
      assert.strictEqual(yield* visits.get, 1)
      assert.strictEqual(yield* visits.of("bob").get, 7)
    }).pipe(Effect.provide(ada))
  )

  it.effect("is not overwritten by a writer that read an older version", () =>
    Effect.gen(function* () {
      const { version } = yield* visits.read
      const first = yield* visits.set(1, { version })
      const refused = yield* Effect.flip(visits.set(2, { version }))
      assert.deepInclude({ ...refused }, { _tag: "SessionConflict", session: "ada", name: "visits" })
      assert.strictEqual(yield* visits.get, 1)
      yield* visits.set(3, { version: first })
      yield* visits.remove
      // The version of a removed state never comes back.
      yield* visits.set(4, { version: 0 })
      assert.strictEqual((yield* Effect.flip(visits.set(5, { version: first })))._tag, "SessionConflict")
    }).pipe(Effect.provide(ada))
  )

  it.live("counts every one of many concurrent updates", () =>
    Effect.gen(function* () {
      const slow = visits.updateEffect((count = 0) => Effect.as(Effect.yieldNow(), count + 1))
      yield* Effect.all(
        Array.from({ length: 5 }, () => slow),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(yield* visits.get, 5)
    }).pipe(Effect.provide(ada))
  )

  it.effect("that does not fit is refused with its session and field, and nothing is written", () =>
    Effect.gen(function* () {
      const misfit = yield* Effect.flip(profile.set({ name: "Lovelace", since: new Date(0) }))
      assert.deepInclude({ ...misfit }, { _tag: "SessionMisfit", operation: "write", session: "ada", field: "name" })
      assert.notInclude(misfit.message, "Lovelace")
      const endless = yield* Effect.flip(Session.make("odd", Schema.Unknown).set({ a: [Number.NaN] }))
      assert.deepInclude({ ...endless }, { _tag: "SessionMisfit", field: "a.0" })
      const large = yield* Effect.flip(Session.make("profile", Schema.String, { maxBytes: 10 }).set("\u00e9".repeat(5)))
      assert.deepInclude({ ...large }, { _tag: "SessionTooLarge", maximum: 10, actual: 12 })
      assert.isUndefined(yield* profile.get)
    }).pipe(Effect.provide(ada))
  )

  it.effect("that no longer decodes is a failure with its session and field", () =>
    Effect.gen(function* () {
      yield* Session.make("profile", Schema.Unknown).set({ name: "SECRET", since: 5 })
      const misfit = yield* Effect.flip(profile.get)
      assert.deepInclude({ ...misfit }, { _tag: "SessionMisfit", operation: "read", session: "ada", name: "profile" })
      assert.match(misfit.message, /profile.*ada.*(name|since)/)
      assert.notInclude(misfit.message, "SECRET")
      yield* profile.remove
      assert.isUndefined(yield* profile.get)
    }).pipe(Effect.provide(ada))
  )

  it.effect("needs a session and a store", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.either(Effect.provide(visits.get, Session.layerMemory()))
      assert.strictEqual(Either.isLeft(missing) && missing.left._tag, "SessionMissing")
      const unavailable = yield* Effect.flip(visits.of("ada").get)
      assert.strictEqual(unavailable._tag, "SessionUnavailable")
      assert.isUndefined(yield* Run.session)
    })
  )

  it.effect("belongs to the runs of a pipeline in a test", () =>
    Effect.gen(function* () {
      const count = Pipeline.make("count", {
        input: Schema.Struct({}),
        output: Schema.Number,
        error: Session.AnyError,
        run: () => visits.update((count = 0) => count + 1)
      })
      yield* Pipeline.run(count, {})
      assert.strictEqual(yield* Pipeline.run(count, {}), 2)
    }).pipe(Effect.provide(ada))
  )
})
