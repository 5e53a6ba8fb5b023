/** The settings of a deployment in a process of this machine. */
import * as Schema from "effect/Schema"
import { Memory } from "../Settings/Size.js"
import * as Settings from "../Settings.js"

const atLeast = (minimum: number) => Schema.Int.pipe(Schema.greaterThanOrEqualTo(minimum))

const Address = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9.:-]+$/, {
    message: () => 'must be an address of this machine such as "127.0.0.1", "0.0.0.0" or "::1"'
  })
)

/**
 * The options of Node for a served process.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NodeArguments = Schema.Struct({
  /** Limit of JavaScript's heap in mebibytes, of each worker if there are several; default Node's own. */
  maxOldSpaceMb: Schema.optional(atLeast(16))
})

/**
 * The settings of every flavor, and those of local processes.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LocalSettings = Schema.Struct({
  ...Settings.Deployment.fields,
  /** The fixed port to listen on. Default one that the system chooses, if possible the port of the last generation. */
  port: Schema.optional(Schema.Int.pipe(Schema.between(1, 65_535))),
  /** The address to listen on; default `127.0.0.1`, which only this machine reaches. `0.0.0.0` and `::` are all addresses. */
  address: Schema.optionalWith(Address, { default: () => "127.0.0.1" }),
  /** @deprecated Use `address`. */
  host: Schema.optional(Address),
  /** The memory of the service, such as `512m`; default no limit. JavaScript's heap gets three quarters, divided among workers. */
  memory: Schema.optional(Memory),
  /** Processors. A local process is not limited; a deployment with this setting has a warning. */
  cpus: Schema.optional(Schema.Number.pipe(Schema.between(0.01, 1_024))),
  /** The size in bytes at which a log file is rotated; default 10 MiB. */
  logMaxBytes: Schema.optionalWith(atLeast(1_024), { default: () => 10_485_760 }),
  /** The most rotated log files; default 3. */
  logKeep: Schema.optionalWith(Schema.Int.pipe(Schema.between(0, 99)), { default: () => 3 }),
  /** The options of Node; default its own defaults. */
  nodeArguments: Schema.optional(NodeArguments)
})

/**
 * Settings of a local deployment, complete.
 *
 * @category models
 * @since 0.1.0
 */
export type LocalSettings = typeof LocalSettings.Type

/**
 * Settings of a local deployment in a call: every field is optional.
 *
 * @category models
 * @since 0.1.0
 */
export type LocalSettingsInput = typeof LocalSettings.Encoded
