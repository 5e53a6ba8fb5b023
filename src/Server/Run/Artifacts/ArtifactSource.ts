/** The store of artifacts of a service. It is known when the warm state is built, because the pipeline may give it. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ArtifactStore } from "../../../Artifacts.js"

export class ArtifactSource extends Context.Tag("effect-deployers/Server/ArtifactSource")<
  ArtifactSource,
  {
    /** The store, as soon as it is known. */
    readonly store: Effect.Effect<ArtifactStore["Type"]>
    /** Sets the store. */
    readonly open: (store: ArtifactStore["Type"]) => Effect.Effect<void>
  }
>() {}

export const layer: Layer.Layer<ArtifactSource> = Layer.effect(
  ArtifactSource,
  Effect.map(Deferred.make<ArtifactStore["Type"]>(), (known) => ({
    store: Deferred.await(known),
    open: (store) => Effect.asVoid(Deferred.succeed(known, store))
  }))
)
