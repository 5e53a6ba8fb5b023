/** Which part of its life a service is in: its warm state is being built, it takes runs, or it drains. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export type Phase = "starting" | "ready" | "draining"

export class Lifecycle extends Context.Tag("effect-deployers/Server/Lifecycle")<
  Lifecycle,
  {
    /** Read directly, because every request asks. */
    readonly phase: () => Phase
    /** From `starting` to `ready`; does nothing once it drains. */
    readonly ready: Effect.Effect<void>
    /** From then on no run is taken. */
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
