/** The exits of the processes that this program started; the system reports an exit to the parent only. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Exit, Spawned } from "./ProcessSpawn.js"
import type { ProcessRef } from "./ProcessTable.js"

/** The started processes. */
export class Children extends Context.Tag("effect-deployers/Local/Children")<
  Children,
  {
    readonly remember: (child: Spawned) => Effect.Effect<void>
    readonly forget: (child: ProcessRef) => Effect.Effect<void>
    /** The exit of a process that is gone from the process table, if this program started it. */
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
        // The event of an exit arrives a few turns of the event loop after the process is gone from the table.
        onSome: ({ exited }) => Effect.timeoutOption(exited, "1 second")
      })
  }
})
