import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Ref, Scope } from "effect"
import * as KeptLayers from "../../src/Dev/KeptLayers.js"

class Model extends Context.Tag("Model")<Model, number>() {}
class Other extends Context.Tag("Other")<Other, string>() {}

/** A layer that counts, and versions that use it within layers of their own. */
const world = Effect.gen(function* () {
  const built = yield* Ref.make(0)
  const released = yield* Ref.make(0)
  const kept = Layer.scoped(
    Model,
    Effect.acquireRelease(
      Ref.updateAndGet(built, (n) => n + 1),
      () => Ref.update(released, (n) => n + 1)
    )
  )
  const memoMap = yield* KeptLayers.make
  const version = (name: string) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const layer = Layer.provideMerge(Layer.succeed(Other, name), kept)
      const context = yield* Layer.buildWithMemoMap(layer, memoMap, scope)
      assert.strictEqual(Context.get(context, Other), name)
      return { model: Context.get(context, Model), end: Scope.close(scope, Exit.void) }
    })
  const counts = Effect.all([Ref.get(built), Ref.get(released)])
  return { counts, memoMap, version }
})

describe("KeptLayers", () => {
  it.effect("keeps a layer while any version uses it, and releases it with the last one", () =>
    Effect.gen(function* () {
      const { counts, version } = yield* world
      let before = yield* version("1")
      for (const name of ["2", "3", "4"]) {
        const next = yield* version(name)
        yield* before.end
        assert.strictEqual(next.model, 1)
        assert.deepStrictEqual(yield* counts, [1, 0])
        before = next
      }
      yield* before.end
      assert.deepStrictEqual(yield* counts, [1, 1])
      assert.strictEqual((yield* version("5")).model, 2)
    })
  )

  it.effect("builds a layer again that failed, and releases what it was made of", () =>
    Effect.gen(function* () {
      const { counts, memoMap, version } = yield* world
      const fails = yield* Ref.make(true)
      const moody = Layer.effect(
        Other,
        Effect.flatMap(Ref.get(fails), (failing) => (failing ? Effect.fail("moody") : Effect.succeed("well")))
      )
      const build = Effect.scoped(
        Effect.flatMap(Effect.scope, (scope) => Layer.buildWithMemoMap(moody, memoMap, scope))
      )
      assert.strictEqual(yield* Effect.flip(build), "moody")
      yield* Ref.set(fails, false)
      assert.strictEqual(Context.get(yield* build, Other), "well")
      const { end } = yield* version("1")
      yield* end
      assert.deepStrictEqual(yield* counts, [1, 1])
    })
  )
})
