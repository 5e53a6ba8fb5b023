/** Changes the intake of a deployment while its pods run. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Intake } from "../../Deployment/Intake.js"
import type { ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import { update } from "../../Flavor/InstanceIntake.js"
import type { Home } from "../../Store/Home.js"
import { type ChangeError, KubernetesClient, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import { digestOf } from "../Objects/Files.js"
import { intakeData } from "../Objects/Objects.js"
import { apply, findOurs } from "./Apply.js"
import type { BackendContext } from "./BackendContext.js"
import { podsOf } from "./Observe.js"
import { at, type Place, placeOf } from "./Place.js"

/** The failures of a change of the intake. */
export type IntakeError = ChangeError | PlatformError | ResourceNotOwned

/**
 * Gives the pods of a deployment another intake. They see it through a ConfigMap, which the kubelet of each node reads again
 * when a pod of it changes.
 */
export const updateIntake = (
  instance: Instance,
  intake: Intake | undefined
): Effect.Effect<void, IntakeError, KubernetesClient | BackendContext | Home | FileSystem> =>
  Effect.gen(function* () {
    const place = yield* placeOf(instance, {})
    if (Option.isNone(place)) return
    yield* update(instance, intake, put(instance, place.value, intake))
  })

// internal

/** The time that a kubelet takes to give a pod the new content, after the pod has changed. */
const delivery = "3 seconds"

const put = (instance: Instance, place: Place, intake: Intake | undefined) =>
  Effect.gen(function* () {
    const reference = at(place, types.configMaps, Labels.names(instance).intake)
    const found = yield* findOurs(instance, reference)
    if (Option.isNone(found)) return
    const { annotations, labels } = found.value.metadata
    const content = intakeData(intake)
    const object = { metadata: { labels, annotations }, ...content }
    yield* apply({ reference, object, manager: Labels.manager }, { force: true })
    yield* touchPods(instance, place, digestOf(content.data ?? {}))
    yield* Effect.sleep(delivery)
  })

/** A pod that ends meanwhile needs no new intake. */
const touchPods = (instance: Instance, place: Place, mark: string) =>
  Effect.gen(function* () {
    const client = yield* KubernetesClient
    const pods = yield* podsOf(instance, place)
    yield* Effect.forEach(
      pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
      ({ metadata: { name, uid } }) =>
        client
          .apply(
            at(place, types.pods, name),
            { metadata: { ...(uid === undefined ? {} : { uid }), annotations: { [Labels.annotations.intake]: mark } } },
            { manager: Labels.manager, force: true }
          )
          .pipe(Effect.catchIf(isGone, () => Effect.void)),
      { concurrency: 4, discard: true }
    )
  })

const isGone = (error: ChangeError): boolean =>
  error._tag === "ApiConflict" || (error._tag === "ApiRejected" && (error.status === 404 || error.status === 422))
