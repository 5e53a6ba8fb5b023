/**
 * The door of a deployment: a process that owns the listening socket of its URL for as long as the deployment lives.
 * A file names the instance that gets the connections. Instances inherit the socket, or the door relays each connection to a
 * Unix socket of the instance.
 */
import * as Schema from "effect/Schema"

/**
 * The number of the inherited socket in an instance, the first one behind standard input, output and error.
 *
 * @category constants
 * @since 0.2.0
 */
export const socketNumber = 3

/**
 * The file that steers a door.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DoorState = Schema.Struct({
  /** The generation that accepts the connections of the URL. */
  generation: Schema.Int
})

export type DoorState = typeof DoorState.Type

/**
 * The name of the file that steers a door.
 *
 * @category constants
 * @since 0.2.0
 */
export const stateName = "state.json"

/**
 * The name of the Unix socket at which an instance takes relayed connections, beside the file that steers the door.
 *
 * @category accessors
 * @since 0.2.0
 */
export const relaySocketName = (generation: number): string => `${generation}.sock`
