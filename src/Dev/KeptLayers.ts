/**
 * The built layers of all versions. A layer stays built as long as one version uses it. In Effect's own memo map it is
 * forgotten with the first version that used it, and a failure is remembered.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/** Makes an empty memo map. */
export const make: Effect.Effect<Layer.MemoMap> = Effect.suspend(() => {
  const entries = new Map<unknown, Entry>()

  const shared: Memoize = (layer, scope) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const entry = entries.get(layer) ?? (yield* makeEntry(shared))
        entries.set(layer, entry)
        entry.users++
        const exit = yield* Effect.exit(restore(entry.memoize(layer, entry.scope)))
        const leave = Effect.suspend(() => {
          if (--entry.users > 0) return Effect.void
          if (entries.get(layer) === entry) entries.delete(layer)
          return Scope.close(entry.scope, Exit.void)
        })
        yield* Exit.isSuccess(exit) ? Scope.addFinalizer(scope, leave) : leave
        return yield* exit
      })
    )

  return Effect.map(Layer.makeMemoMap, (map) => withMemoize(map, shared))
})

// internal

type Memoize = <A, E, R>(layer: Layer.Layer<A, E, R>, scope: Scope.Scope) => Effect.Effect<Context.Context<A>, E, R>

/** The one method of Effect's memo map, which its type does not show. Every 3.x has it. */
type Memoizing = Layer.MemoMap & { getOrElseMemoize: Memoize }

interface Entry {
  readonly memoize: Memoize
  readonly scope: Scope.CloseableScope
  users: number
}

/** A map of one layer. The layers that it is made of are shared. */
const makeEntry = (shared: Memoize): Effect.Effect<Entry> =>
  Effect.gen(function* () {
    const map = (yield* Layer.makeMemoMap) as Memoizing
    const memoize: Memoize = map.getOrElseMemoize.bind(map)
    withMemoize(map, shared)
    return { memoize, scope: yield* Scope.make(), users: 0 }
  })

const withMemoize = (map: Layer.MemoMap, getOrElseMemoize: Memoize): Layer.MemoMap =>
  Object.assign(map, { getOrElseMemoize })
