/** Registries of the engine that runs nothing: they keep images by name and by digest, and forget none. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Images } from "../../Docker/Client/Contract.js"
import { type ImageNotFound, ImageUnavailable } from "../../Docker/Client/Errors.js"
import { ImageProgress } from "../../Docker/Client/Resources.js"
import { change, query } from "./Gate.js"
import type { FakeImage, World } from "./Model.js"

export const make = (
  world: World,
  existing: (ref: string) => Effect.Effect<FakeImage, ImageNotFound>
): Pick<Images, "pull" | "push" | "digestInRegistry"> => ({
  pull: (ref) =>
    Stream.fromEffect(
      change(
        world,
        "pull an image",
        ref,
        Effect.catchAll(existing(ref), () => fetched(world, ref)).pipe(Effect.as(ImageProgress.Done({ image: ref })))
      )
    ),
  push: (ref) =>
    Stream.fromEffect(
      change(
        world,
        "push an image",
        ref,
        Effect.map(Effect.orDie(existing(ref)), (image) => {
          const reference = `${ref.slice(0, ref.lastIndexOf(":"))}@${image.id}`
          image.digests.add(reference)
          world.registries.set(ref, image).set(reference, image)
          return ImageProgress.Done({ image: reference })
        })
      )
    ),
  digestInRegistry: (ref) =>
    query(
      world,
      "look up an image in its registry",
      Effect.sync(() => Option.map(Option.fromNullable(world.registries.get(ref)), ({ id }) => id))
    )
})

// internal

const fetched = (world: World, ref: string): Effect.Effect<void, ImageUnavailable> =>
  Effect.suspend(() => {
    const image = world.registries.get(ref)
    if (image === undefined) return new ImageUnavailable({ image: ref, reason: "its registry does not have it" })
    world.images.set(image.id, image)
    return Effect.void
  })
