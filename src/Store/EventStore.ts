/** Lifecycle events in the registry: the audit log. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import type { StoreError } from "../Errors/Stores.js"

/**
 * Keeps lifecycle events for ever, in the order they were appended.
 *
 * @category services
 * @since 0.1.0
 */
export class EventStore extends Context.Tag("effect-deployers/Store/EventStore")<
  EventStore,
  {
    /** Appends an event and gives it its sequence number. */
    readonly append: (event: Omit<DeploymentEvent, "sequence">) => Effect.Effect<DeploymentEvent, StoreError>
    /** Oldest first; `after` is the last sequence number already seen. At most `limit` (default 1,000). */
    readonly list: (options?: {
      readonly deploymentId?: string | undefined
      /** The name or the id of a deployment, also of one that was deleted or never accepted. */
      readonly ref?: string | undefined
      readonly after?: number | undefined
      readonly limit?: number | undefined
    }) => Effect.Effect<ReadonlyArray<DeploymentEvent>, StoreError>
  }
>() {}
