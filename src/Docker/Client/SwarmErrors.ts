/** The errors of the services and the other objects of a swarm. */
import * as Schema from "effect/Schema"
import { TypeId } from "../../Errors/Kind.js"

/**
 * No service of the swarm has that id or name.
 *
 * @category errors
 * @since 0.2.0
 */
export class ServiceNotFound extends Schema.TaggedError<ServiceNotFound>()("ServiceNotFound", {
  service: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The swarm has no service "${this.service}".`
  }
}

/**
 * Another change of the service came first, so this one was not made.
 *
 * @category errors
 * @since 0.2.0
 */
export class UpdateOutOfSequence extends Schema.TaggedError<UpdateOutOfSequence>()("UpdateOutOfSequence", {
  service: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Service "${this.service}" was changed by another program at the same time, so this change was not made; try again.`
  }
}

/**
 * A service uses the secret or the config, so it was not removed.
 *
 * @category errors
 * @since 0.2.0
 */
export class SwarmObjectInUse extends Schema.TaggedError<SwarmObjectInUse>()("SwarmObjectInUse", {
  kind: Schema.Literal("secret", "config"),
  id: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The ${this.kind} "${this.id}" is used by a service; update or remove that first.`
  }
}
