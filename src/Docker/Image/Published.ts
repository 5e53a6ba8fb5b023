/** The image of a snapshot in a repository, as the registry of deployments records it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type BuildConfiguration, publishedChecksum } from "../../Containerized/BuildConfiguration.js"
import { ImageReference, type ImageRepository } from "../../Containerized/ImageReference.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import { type Build, BuildStore } from "../../Store/BuildStore.js"
import type { Image } from "../Client/Resources.js"
import type { ReportProgress } from "./Progress.js"
import * as Publish from "./Publish.js"

/** A build that was pushed, and its image in the engine. */
export interface Recorded {
  readonly build: Build
  readonly image: Image
}

interface Request {
  readonly snapshot: Snapshot
  readonly repository?: ImageRepository | undefined
}

/** The image of the snapshot that was pushed before, by this machine or another one. The engine pulls it if it lacks it. */
export const recorded = (
  { repository, snapshot }: Request,
  configuration: BuildConfiguration,
  report: ReportProgress
) =>
  Effect.gen(function* () {
    if (repository === undefined) return Option.none<Recorded>()
    const builds = yield* BuildStore
    const build = yield* builds.find(snapshot.id, publishedChecksum(configuration, repository))
    const reference = Option.flatMap(build, ({ image }) => Schema.decodeOption(ImageReference)(image))
    if (Option.isNone(build) || Option.isNone(reference)) return Option.none<Recorded>()
    const image = yield* Publish.fetch(reference.value, report)
    return Option.map(image, (image): Recorded => ({ build: build.value, image }))
  })

/** Pushes the image of a request with a repository, unless it is there, and records its reference. */
export const ensure = (
  { repository, snapshot }: Request,
  known: {
    readonly configuration: BuildConfiguration
    readonly image: Image
    readonly name: string
    readonly published: Option.Option<Recorded>
    readonly report: ReportProgress
  }
) =>
  Effect.gen(function* () {
    if (repository === undefined) return {}
    const { configuration, image, name, published, report } = known
    const before = Option.flatMap(published, ({ build }) => Schema.decodeOption(ImageReference)(build.image))
    const reference = yield* Publish.publish({ image, name, repository, known: before, report })
    if (!Option.contains(before, reference)) {
      const builds = yield* BuildStore
      const checksum = publishedChecksum(configuration, repository)
      yield* builds.put({ snapshotId: snapshot.id, checksum, image: reference })
    }
    return { reference }
  })
