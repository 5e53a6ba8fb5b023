/** The phase of a service: it builds its warm state, it takes runs, or it drains. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export type Phase = "starting" | "ready" | "draining"

export class Lifecycle extends Context.Tag("effect-deployers/Server/Lifecycle")<
  Lifecycle,
  {
    /** A plain function, because every request reads it. */
    readonly phase: () => Phase
    /** Changes `starting` to `ready`; has no effect on a service that drains. */
    readonly ready: Effect.Effect<void>
    /** Refuses runs from now on. */
    readonly drain: Effect.Effect<void>
  }
>() {}

export const layer: Layer.Layer<Lifecycle> = Layer.sync(Lifecycle, () => {
  let phase: Phase = "starting"
  return {
    phase: () => phase,
    ready: Effect.sync(() => {
      if (phase === "starting") phase = "ready"
    }),
    drain: Effect.sync(() => {
      phase = "draining"
    })
  }
})
