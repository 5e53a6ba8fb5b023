/** Brings images of the engine to a registry, so that other machines have them by digest. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { ImageReference, type ImageRepository, partsOf } from "../../Containerized/ImageReference.js"
import { ImageNotPushed } from "../../Errors/Images.js"
import type { EngineUnavailable, OutcomeUnknown } from "../../Errors/Lifecycle.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import type { Image, ImageProgress } from "../Client/Resources.js"
import { DockerClient } from "../DockerClient.js"
import * as Plan from "./Plan.js"
import { BuildEvent, type ReportProgress } from "./Progress.js"

/** An image of the engine, and its place in a registry. */
export interface Publication {
  readonly image: Pick<Image, "id" | "digests">
  /** The name in the engine, whose tag the image has in the repository, too. */
  readonly name: string
  readonly repository: ImageRepository
  /** The digest that it had there before, if it was pushed once. */
  readonly known: Option.Option<ImageReference>
  readonly report: ReportProgress
}

/** The failures of {@link publish}. */
export type PublishError = ImageNotPushed | EngineUnavailable | OutcomeUnknown

/**
 * Pushes an image unless its repository has it, and returns its reference by digest. It can be repeated. A registry that does
 * not answer about an image that was pushed before is not asked for more: the image may well be there.
 */
export const publish = (publication: Publication): Effect.Effect<ImageReference, PublishError, DockerClient> =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const tagged = `${publication.repository}:${partsOf(publication.name).tag ?? "latest"}`
    const found = Option.isSome(publication.known)
      ? yield* stillThere(publication.known.value)
      : Option.filter(
          Option.map(yield* images.digestInRegistry(tagged), (digest) => `${publication.repository}@${digest}`),
          (reference) => publication.image.digests.includes(reference)
        )
    return ImageReference.make(Option.isSome(found) ? found.value : yield* push(publication, tagged))
  }).pipe(
    Effect.catchTags({
      RegistryFailed: (error) => notPushed(publication, error.reason, error.remedy, error),
      ImageNotFound: (error) => notPushed(publication, errorClause(error), "Deploy again", error),
      SpecRejected: (error) => notPushed(publication, error.reason, "Correct the name of the repository", error)
    }),
    (effect) => Plan.queried(effect, "push an image")
  )

/**
 * The image of a reference by digest: that of the engine, else that of the registry. None if neither has it or the registry
 * cannot be asked.
 */
export const fetch = (
  reference: ImageReference,
  report: ReportProgress
): Effect.Effect<Option.Option<Image>, EngineUnavailable | OutcomeUnknown, DockerClient> =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const pull = Stream.runForEach(images.pull(reference), (progress) => {
      const text = textOf(progress)
      return text === undefined ? Effect.void : report(BuildEvent.Pulling({ reference, text }))
    })
    return yield* images.inspect(reference).pipe(
      Effect.catchTag("ImageNotFound", () => Effect.zipRight(pull, images.inspect(reference))),
      Effect.asSome,
      Effect.catchTags({
        ImageNotFound: () => Effect.succeedNone,
        ImageUnavailable: (error) => Effect.as(Effect.logWarning(error.message), Option.none<Image>())
      })
    )
  }).pipe((effect) => Plan.queried(effect, "pull an image"))

// internal

const notPushed = ({ repository }: Publication, reason: string, remedy: string, cause: unknown) =>
  new ImageNotPushed({ repository, reason, remedy, cause })

/** Only a definite answer says that an image is not in its registry any more. */
const stillThere = (reference: ImageReference) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    return yield* images.digestInRegistry(reference).pipe(
      Effect.map(Option.as(reference)),
      Effect.catchTag("RegistryFailed", (error) =>
        Effect.as(
          Effect.logWarning(`It is not known whether ${reference} is still in its registry: ${error.reason}.`),
          Option.some(reference)
        )
      )
    )
  })

const push = ({ image, report, repository }: Publication, tagged: string) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    yield* report(BuildEvent.Pushing({ image: tagged }))
    yield* images.tag(image.id, tagged)
    const pushed = yield* Ref.make(Option.none<string>())
    yield* Stream.runForEach(images.push(tagged), (progress) => {
      if (progress._tag === "Done") return Ref.set(pushed, Option.some(progress.image))
      const text = textOf(progress)
      return text === undefined ? Effect.void : report(BuildEvent.RegistrySaid({ text }))
    })
    const reference = yield* Effect.flatMap(
      Ref.get(pushed),
      Option.match({ onSome: Effect.succeed, onNone: () => asked(repository, tagged) })
    )
    yield* report(BuildEvent.Pushed({ image: tagged, reference }))
    return reference
  })

/** The reference of an image whose push reported none, as some engines do. */
const asked = (repository: ImageRepository, tagged: string) =>
  Effect.gen(function* () {
    const { images } = yield* DockerClient
    const digest = yield* images.digestInRegistry(tagged)
    if (Option.isSome(digest)) return `${repository}@${digest.value}`
    const reason = "the registry does not have it after the push"
    return yield* new ImageNotPushed({ repository, reason, remedy: "Deploy again" })
  })

const textOf = (progress: ImageProgress): string | undefined => {
  switch (progress._tag) {
    case "Message":
      return progress.text
    case "Part":
      return `${progress.id}: ${progress.status}`
    case "Done":
      return undefined
  }
}
