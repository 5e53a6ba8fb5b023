/** The values that cross the control API, as Schemas. */
import * as Schema from "effect/Schema"
import { KeyScope } from "../Contract/Keys.js"
import { Snapshot } from "../Snapshot/Model.js"

/**
 * The deployer behind a control API.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DeployerInfo = Schema.Struct({
  flavor: Schema.String,
  name: Schema.String,
  settingNames: Schema.Array(Schema.String)
})

/**
 * A snapshot, its id, `name@version`, or a pipeline name.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SnapshotRef = Schema.Union(Schema.String, Snapshot)

const Settings = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const flag = Schema.optional(Schema.Boolean)

/** The options of every change that starts a version. */
const versionOptions = {
  allowOtherPipeline: flag,
  settings: Schema.optional(Settings),
  keep: flag,
  unset: Schema.optional(Schema.Array(Schema.String)),
  authKey: Schema.optional(Schema.Redacted(Schema.String)),
  check: flag,
  /** True if the caller opens or closes the gate of the new version by itself. */
  hasGate: flag,
  rotateAuthKey: flag,
  removeAuthKeys: flag
}

/**
 * A request to provision a snapshot.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Provision = Schema.Struct({
  snapshot: SnapshotRef,
  name: Schema.String,
  replace: flag,
  ...versionOptions
})

export type Provision = typeof Provision.Type

/**
 * A request to plan a provision.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Plan = Schema.Struct({ ...Provision.fields, preview: flag })

export type Plan = typeof Plan.Type

/**
 * A request to serve the last revision of a deployment again.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Reprovision = Schema.Struct({ snapshot: Schema.optional(SnapshotRef), ...versionOptions })

export type Reprovision = typeof Reprovision.Type

/**
 * A live key of a deployment, without the key itself.
 *
 * @category schemas
 * @since 0.2.0
 */
export const KeyInfo = Schema.Struct({
  id: Schema.String,
  scopes: Schema.Array(KeyScope),
  origin: Schema.Literal("generated", "given", "secret"),
  isOwn: Schema.Boolean,
  isRetiring: Schema.Boolean,
  createdAt: Schema.DateTimeUtc,
  expiresAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  lastUsedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true })
})

/**
 * A new key of a deployment.
 *
 * @category schemas
 * @since 0.2.0
 */
export const NewKey = Schema.Struct({ ...KeyInfo.fields, key: Schema.Redacted(Schema.String) })

/**
 * The key of callers, if the deployment has one.
 *
 * @category schemas
 * @since 0.2.0
 */
export const OwnKey = Schema.Struct({ key: Schema.optional(Schema.Redacted(Schema.String)) })

/**
 * A line of a stream: an item, the failure that ended the stream, or its end. A connection that is cut brings neither of
 * the last two.
 *
 * @category schemas
 * @since 0.2.0
 */
export const lineOf = <A, I, E, EI>(item: Schema.Schema<A, I>, failure: Schema.Schema<E, EI>) =>
  Schema.Union(
    Schema.TaggedStruct("Item", { item }),
    Schema.TaggedStruct("Failure", { failure }),
    Schema.TaggedStruct("End", {})
  )
