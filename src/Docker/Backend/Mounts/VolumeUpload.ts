/**
 * Puts files into volumes. An engine takes files for a container only, and only where that may write; so it is given one
 * for that purpose, which is never started.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { OutcomeUnknown, ResourceNotOwned } from "../../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../../Flavor/Backend.js"
import { type ContainerSpec, DockerClient } from "../../DockerClient.js"
import type { Entry } from "../../Image/Entry.js"
import * as LayerTar from "../../Image/LayerTar.js"
import * as Labels from "../../Labels.js"
import type { DockerSettings } from "../../Settings.js"
import { instanceLabels } from "../ContainerLabels.js"
import { repeated } from "../Failures.js"
import type { Ingredients } from "../Hardening.js"
import type { GivingError } from "./Strategy.js"

type Request = ProvisionRequest<DockerSettings>

/** A volume, what goes into it, and where a container sees it. */
export interface FilledVolume {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly target: string
  readonly readOnly: boolean
  /** What goes into it; `/` is the volume itself. */
  readonly entries: ReadonlyArray<Entry>
}

/** What is filled, through a container of which image. */
export interface VolumeUpload {
  readonly deployer: string
  readonly image: Ingredients["image"]
  readonly volumes: ReadonlyArray<FilledVolume>
}

/**
 * Puts the files of volumes into them, which exist, with owners and permissions. Once begun it is carried on. When it
 * fails, what is left of it is found by its labels.
 */
export const fill = (request: Request, filling: VolumeUpload): Effect.Effect<void, GivingError, DockerClient> =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const spec = fillerSpec(request, filling)
    const archive = LayerTar.archive(filling.volumes.flatMap(entriesOf))
    yield* create(request, spec)
    yield* repeated(containers.putArchive(spec.name, staging, archive))
    yield* repeated(containers.remove(spec.name, { force: true }))
  }).pipe(Effect.uninterruptible)

// internal

/** A place no image has, so that nothing of the image is in the way. */
const staging = "/effect-deployers-files"

const placeOf = (index: number): string => `/${index}`

const entriesOf = ({ entries }: FilledVolume, index: number): ReadonlyArray<Entry> =>
  entries.map((entry) => ({ ...entry, path: `${placeOf(index)}${entry.path === "/" ? "" : entry.path}` }))

const fillerSpec = (request: Request, { deployer, image, volumes }: VolumeUpload) =>
  ({
    name: Labels.fillerName(request),
    image: image.imageId,
    labels: { ...instanceLabels(request, deployer), ...Labels.filler },
    entrypoint: image.entrypoint,
    network: "none",
    capDrop: ["ALL"],
    securityOptions: ["no-new-privileges"],
    mounts: volumes.map(({ name }, index) => ({
      type: "volume" as const,
      source: name,
      target: `${staging}${placeOf(index)}`,
      copy: false
    }))
  }) satisfies ContainerSpec

/** A lost answer is asked for again: then the name is taken, and by whom tells what became of the first request. */
const create = (request: Request, spec: ContainerSpec & { readonly name: string }) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const requireOurs = Effect.gen(function* () {
      const { id, labels, name } = yield* containers.inspect(spec.name)
      if (Labels.isInstance(labels, request)) return id
      return yield* new ResourceNotOwned({ name: request.name, resource: `a container named "${name}"` })
    })
    const unknown = new OutcomeUnknown({ operation: "create a container", resource: spec.name })
    return yield* containers.create(spec).pipe(
      Effect.catchTag("NameConflict", () => requireOurs),
      Effect.catchTag("ContainerNotFound", () => Effect.fail(unknown)),
      Effect.retry({
        schedule: Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(8)),
        while: (error) => error instanceof OutcomeUnknown
      })
    )
  })
