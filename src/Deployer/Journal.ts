import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { DeploymentEvent, EventType } from "../Deployment/DeploymentEvent.js"
import { EventStore } from "../Store/EventStore.js"

/** Writes the events of one operation to the registry and to `Deployer.events`. */
export interface Journal {
  readonly operationId: string
  readonly emit: (type: EventType, data?: Readonly<Record<string, unknown>>) => Effect.Effect<void>
}

/** The operation of a journal. */
export type Subject = Pick<DeploymentEvent, "deploymentId" | "deploymentName" | "operation" | "operationId">

/** The events of a deployer. */
export interface Journals {
  /** Subscribed as soon as it succeeds, until the scope closes. */
  readonly subscribe: Effect.Effect<Queue.Dequeue<DeploymentEvent>, never, Scope.Scope>
  readonly open: (subject: Subject) => Journal
}

/**
 * Makes the journals of a deployer. An event that cannot be stored is logged and still published: progress must not
 * stop an operation.
 */
export const make: Effect.Effect<Journals, never, EventStore> = Effect.gen(function* () {
  const store = yield* EventStore
  const hub = yield* PubSub.unbounded<DeploymentEvent>()

  const record = Effect.fnUntraced(function* (
    subject: Subject,
    type: EventType,
    data: Readonly<Record<string, unknown>>
  ) {
    const event = { ...subject, type, data, at: yield* DateTime.now }
    const stored = yield* store
      .append(event)
      .pipe(
        Effect.catchAll((error) =>
          Effect.as(Effect.logWarning("An event could not be stored", error), { ...event, sequence: 0 })
        )
      )
    yield* PubSub.publish(hub, stored)
  })

  return {
    subscribe: PubSub.subscribe(hub),
    open: (subject) => ({
      operationId: subject.operationId,
      emit: (type, data = {}) => record(subject, type, data)
    })
  }
})
