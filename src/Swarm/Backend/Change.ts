/** Changes of a service, which compare its version. */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { repeated } from "../../Docker/Backend/BackendErrors.js"
import { DockerClient, type Service, type ServiceChange } from "../../Docker/DockerClient.js"

/**
 * Changes a service as it is now, however often another program changes it at the same time. `decide` looks at it again each
 * time; without a change nothing happens. It cannot be interrupted: the effect of half a request is unknown.
 *
 * @param find the service now
 */
export const change = <E, R, E2, R2>(
  find: Effect.Effect<Option.Option<Service>, E, R>,
  decide: (service: Service) => Effect.Effect<ServiceChange | undefined, E2, R2>
) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient
    const found = yield* find
    if (found._tag === "None") return
    const decided = yield* decide(found.value)
    if (decided !== undefined) yield* services.update(found.value, decided)
  }).pipe(repeated, Effect.retry({ times: 5, while: (error) => isOutOfSequence(error) }), Effect.uninterruptible)

const isOutOfSequence = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "UpdateOutOfSequence"
