/** Leads the callers of a deployment to one of its generations: the Service and the other shared objects become its own. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { EngineUnavailable, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { Home } from "../../Store/Home.js"
import { ServiceObject } from "../Client/Resources.js"
import { type ChangeError, KubernetesClient, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import { Shared, sharedTypes } from "../Objects/Objects.js"
import { apply, findOurs } from "./Apply.js"
import type { BackendContext } from "./BackendContext.js"
import { podsOf } from "./Observe.js"
import { at, type Place, placeOf } from "./Place.js"
import { removeLabelled } from "./Remove.js"

/** The failures of a change of the shared objects. */
export type LeadError = ChangeError | PlatformError | ResourceNotOwned | EngineUnavailable

/**
 * Leads callers to an instance, whose annotations have the shared objects. An instance that is gone has none. The preparation
 * has found no other owner of the fields, so a change since then does not stop an accepted generation.
 */
export const lead = (
  instance: Instance
): Effect.Effect<void, LeadError, KubernetesClient | BackendContext | Home | FileSystem> =>
  leadWith(instance, (object) => object)

/**
 * Leads callers to the pods of the accepted instance and of its candidate: the Service selects the pods of all generations.
 * No other generation has pods during a canary.
 */
export const leadBoth = (
  accepted: Instance
): Effect.Effect<void, LeadError, KubernetesClient | BackendContext | Home | FileSystem> =>
  leadWith(accepted, withoutGeneration)

// internal

const leadWith = (instance: Instance, change: (service: SharedObject) => SharedObject) =>
  Effect.gen(function* () {
    const place = yield* placeOf(instance, {})
    if (Option.isNone(place)) return
    const { get } = yield* KubernetesClient
    const own = yield* get(at(place.value, types.services, Labels.names(instance).instance))
    const shared = Option.flatMap(own, ({ metadata }) => decodeShared(metadata.annotations[Labels.annotations.shared]))
    if (Option.isNone(shared)) return
    const isGap = yield* hasNoPods(instance, place.value)
    for (const { name, object, type } of shared.value) {
      const reference = at(place.value, types[type], name)
      yield* findOurs(instance, reference)
      const wanted = type === "services" ? change(object) : object
      yield* apply({ reference, object: wanted, manager: Labels.manager }, { force: true })
    }
    yield* removeObsolete(instance, place.value, new Set(shared.value.map(({ type }) => type)))
    if (isGap) yield* Effect.sleep(proxyDelay)
  })

type SharedObject = Readonly<Record<string, unknown>>

/** A Service whose selector names no generation. */
const withoutGeneration = (service: SharedObject): SharedObject => {
  const { spec } = service
  if (!Predicate.isReadonlyRecord(spec) || !Predicate.isReadonlyRecord(spec["selector"])) return service
  const { [Labels.keys.generation]: _, ...selector } = spec["selector"]
  return { ...service, spec: { ...spec, selector } }
}

/** The nodes take up to a second to follow a Service. Until then a Service with old pods leads to those. */
const proxyDelay = "1500 millis"

const decodeService = Schema.decodeUnknownOption(ServiceObject)

/** True if the Service leads to another generation, which has no pods any more. */
const hasNoPods = (instance: Instance, place: Place) =>
  Effect.gen(function* () {
    const { get } = yield* KubernetesClient
    const found = yield* get(at(place, types.services, Labels.names(instance).shared))
    const selector = Option.map(Option.flatMap(found, decodeService), ({ spec }) => spec.selector)
    const generation = Number(Option.getOrUndefined(selector)?.[Labels.keys.generation] ?? instance.generation)
    return generation !== instance.generation && (yield* podsOf({ ...instance, generation }, place)).length === 0
  })

const decodeShared = Schema.decodeUnknownOption(Schema.parseJson(Shared))

/** The shared objects of an earlier generation with other settings, such as an Ingress. */
const removeObsolete = (instance: Instance, place: Place, wanted: ReadonlySet<string>) =>
  Effect.forEach(
    sharedTypes.filter((type) => !wanted.has(type)),
    (type) => removeLabelled(instance, place.namespace, [types[type]], 0),
    { discard: true }
  )
