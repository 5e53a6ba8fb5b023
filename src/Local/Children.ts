/** How the processes ended that this very program started; nobody else can learn that from the system. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Exit, Spawned } from "./ProcessSpawn.js"
import type { ProcessRef } from "./ProcessTable.js"

/** Remembers started processes. */
export class Children extends Context.Tag("effect-deployers/Local/Children")<
  Children,
  {
    readonly remember: (child: Spawned) => Effect.Effect<void>
    readonly forget: (child: ProcessRef) => Effect.Effect<void>
    /** How a process that is gone from the process table ended, if it was ours. */
    readonly exitOf: (ended: ProcessRef) => Effect.Effect<Option.Option<Exit>>
  }
>() {}

export const make: Effect.Effect<Children["Type"]> = Effect.sync(() => {
  const children = new Map<string, Spawned>()
  const key = ({ identity, pid }: ProcessRef) => `${pid} ${identity}`
  return {
    remember: (child) => Effect.sync(() => void children.set(key(child), child)),
    forget: (child) => Effect.sync(() => void children.delete(key(child))),
    exitOf: (ended) =>
      Option.match(Option.fromNullable(children.get(key(ended))), {
        onNone: () => Effect.succeedNone,
        // The news of an end that is visible in the process table arrives with the next turns of the event loop.
        onSome: ({ exited }) => Effect.timeoutOption(exited, "1 second")
      })
  }
})
