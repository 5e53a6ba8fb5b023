/**
 * Failures of a container engine. The operation, the status of the answer and the state of the resource afterwards
 * determine the failure; the text of the engine is only quoted.
 */
import * as Schema from "effect/Schema"
import { TypeId } from "../../Errors/Kind.js"
import type { OutcomeUnknown } from "../../Errors/Lifecycle.js"

const Cause = Schema.optional(Schema.Defect)

/** The first 12 digits of an id, as usual for engines; a name as it is. */
const short = (container: string): string => (/^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container)

/**
 * No container has that id or name.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContainerNotFound extends Schema.TaggedError<ContainerNotFound>()("ContainerNotFound", {
  container: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There is no container "${short(this.container)}".`
  }
}

/**
 * The engine has no image of that name, digest or id.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageNotFound extends Schema.TaggedError<ImageNotFound>()("ImageNotFound", { image: Schema.String }) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The engine has no image "${this.image}"; build, load or pull it first.`
  }
}

/**
 * No network has that id or name.
 *
 * @category errors
 * @since 0.1.0
 */
export class NetworkNotFound extends Schema.TaggedError<NetworkNotFound>()("NetworkNotFound", {
  network: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `There is no network "${this.network}".`
  }
}

/**
 * The name is taken. `ownerId` is the id of the resource with that name, if it still exists.
 *
 * @category errors
 * @since 0.1.0
 */
export class NameConflict extends Schema.TaggedError<NameConflict>()("NameConflict", {
  kind: Schema.Literal("container", "network", "service", "secret", "config"),
  name: Schema.String,
  ownerId: Schema.optional(Schema.String)
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const owner = this.ownerId === undefined ? "" : ` (${this.ownerId.slice(0, 12)})`
    return `A ${this.kind} named "${this.name}" exists already${owner}; remove or rename it, or choose another name.`
  }
}

/**
 * The container could not be started because a port of the host it publishes to is taken. The container stays, created.
 *
 * @category errors
 * @since 0.1.0
 */
export class PortConflict extends Schema.TaggedError<PortConflict>()("PortConflict", {
  container: Schema.String,
  /** The taken port, if it is known which of several. */
  port: Schema.optional(Schema.Int)
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const port = this.port === undefined ? "A published port" : `Port ${this.port}`
    return `${port} of container "${short(this.container)}" is taken on the host; publish to another one, or stop the process that uses it.`
  }
}

/**
 * The image could not be pulled, or the engine does not have the image of a new container.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageUnavailable extends Schema.TaggedError<ImageUnavailable>()("ImageUnavailable", {
  image: Schema.String,
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Image "${this.image}" is not available: ${this.reason}. Check its name and the engine's access to the registry, or load it.`
  }
}

const remedies = {
  denied: (registry: string) => `Sign in with \`docker login ${registry}\` as a user that may write there`,
  certificate: (registry: string) =>
    `Put the certificate of its authority into /etc/docker/certs.d/${registry}/ca.crt on the engine's machine`,
  plain: (registry: string) =>
    `Serve the registry with TLS, or add ${registry} to the insecure-registries of the engine`,
  unreachable: (registry: string) => `Check that ${registry} is a running registry that the engine reaches`,
  name: () => "Correct the name of the image",
  other: (registry: string) => `Read the log of the registry at ${registry}, then try again`
} as const

/**
 * A registry of images did not take an image, or could not be asked about it. `problem` says why: the credentials, the
 * certificate of the registry, a registry without TLS, the way to it, the name, or something else.
 *
 * @category errors
 * @since 0.2.0
 */
export class RegistryFailed extends Schema.TaggedError<RegistryFailed>()("RegistryFailed", {
  operation: Schema.Literal("push", "look up"),
  image: Schema.String,
  /** Such as `registry.example:5000`. */
  registry: Schema.String,
  problem: Schema.Literal("denied", "certificate", "plain", "unreachable", "name", "other"),
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  /** The next step, as a sentence without full stop. */
  get remedy(): string {
    return remedies[this.problem](this.registry)
  }
  override get message(): string {
    return `The engine could not ${this.operation} "${this.image}": ${this.reason}. ${this.remedy}.`
  }
}

/**
 * The image could not be built. `log` are the last lines of the build.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageBuildFailed extends Schema.TaggedError<ImageBuildFailed>()("ImageBuildFailed", {
  reason: Schema.String,
  /** Exit code of the instruction that failed. */
  exitCode: Schema.optional(Schema.Int),
  log: Schema.Array(Schema.String)
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const lines = this.log.map((line) => `\n  ${line}`).join("")
    return `The image could not be built: ${this.reason}.${lines === "" ? "" : `\nLast lines of the build:${lines}`}`
  }
}

/**
 * The archive of an image was refused.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageLoadFailed extends Schema.TaggedError<ImageLoadFailed>()("ImageLoadFailed", {
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The engine refused the image archive: ${this.reason}.`
  }
}

/**
 * Containers use the image, so it was not removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageInUse extends Schema.TaggedError<ImageInUse>()("ImageInUse", {
  image: Schema.String,
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Image "${this.image}" is in use and was not removed: ${this.reason}. Remove its containers first, or force the removal.`
  }
}

/**
 * Containers are attached to the network, so it was not removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class NetworkInUse extends Schema.TaggedError<NetworkInUse>()("NetworkInUse", { network: Schema.String }) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Network "${this.network}" has containers attached; remove them first.`
  }
}

/**
 * Containers use the volume, so it was not removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class VolumeInUse extends Schema.TaggedError<VolumeInUse>()("VolumeInUse", { volume: Schema.String }) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Volume "${this.volume}" is used by a container; remove that first.`
  }
}

/**
 * The specification is not valid for the engine: a bad name, a limit that is too small, a mount without a source.
 *
 * @category errors
 * @since 0.1.0
 */
export class SpecRejected extends Schema.TaggedError<SpecRejected>()("SpecRejected", {
  operation: Schema.String,
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The engine refused to ${this.operation}: ${this.reason}. Correct the specification.`
  }
}

/**
 * The container exists and could not be started. It still exists, not running.
 *
 * @category errors
 * @since 0.1.0
 */
export class StartRejected extends Schema.TaggedError<StartRejected>()("StartRejected", {
  container: Schema.String,
  reason: Schema.String,
  exitCode: Schema.optional(Schema.Int)
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const code = this.exitCode === undefined ? "" : ` (exit code ${this.exitCode})`
    return `Container "${short(this.container)}" could not be started: ${this.reason}${code}.`
  }
}

/**
 * The operation needs a running container.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContainerNotRunning extends Schema.TaggedError<ContainerNotRunning>()("ContainerNotRunning", {
  container: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Container "${short(this.container)}" is not running; start it first.`
  }
}

/**
 * The container is running, so it was not removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContainerRunning extends Schema.TaggedError<ContainerRunning>()("ContainerRunning", {
  container: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Container "${short(this.container)}" is running; stop it first, or force the removal.`
  }
}

/**
 * Files could not be copied into the container: the folder is missing, or its file system is read-only.
 *
 * @category errors
 * @since 0.1.0
 */
export class ArchiveRejected extends Schema.TaggedError<ArchiveRejected>()("ArchiveRejected", {
  container: Schema.String,
  path: Schema.String,
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Files could not be copied to ${this.path} of container "${short(this.container)}": ${this.reason}.`
  }
}

/**
 * There is no answer at the address of the engine. Nothing was changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class EngineUnreachable extends Schema.TaggedError<EngineUnreachable>()("EngineUnreachable", {
  operation: Schema.String,
  /** The address, such as `unix:///var/run/docker.sock`. */
  host: Schema.String,
  reason: Schema.String,
  cause: Cause
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The container engine at ${this.host} could not be asked to ${this.operation}: ${this.reason}. Start it, or set DOCKER_HOST to a running one.`
  }
}

/**
 * The engine did not answer a query in time. Nothing was changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class EngineTimeout extends Schema.TaggedError<EngineTimeout>()("EngineTimeout", {
  operation: Schema.String,
  timeoutMillis: Schema.Number
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The container engine did not ${this.operation} within ${this.timeoutMillis} ms; it may be overloaded or stopped; try again.`
  }
}

/**
 * The engine refuses access. Nothing was changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class EngineRefused extends Schema.TaggedError<EngineRefused>()("EngineRefused", {
  operation: Schema.String,
  host: Schema.String,
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The container engine at ${this.host} does not allow this user to ${this.operation}: ${this.reason}. Join the group that may use it (often "docker"), or use other credentials.`
  }
}

/**
 * The engine failed for an unknown reason.
 *
 * @category errors
 * @since 0.1.0
 */
export class EngineError extends Schema.TaggedError<EngineError>()("EngineError", {
  operation: Schema.String,
  /** HTTP status of its answer; none if the answer is not readable. */
  status: Schema.optional(Schema.Int),
  reason: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const status = this.status === undefined ? "" : ` (status ${this.status})`
    return `The container engine failed to ${this.operation}${status}: ${this.reason}.`
  }
}

/**
 * The failures of every query; nothing was changed.
 *
 * @category errors
 * @since 0.1.0
 */
export type QueryError = EngineUnreachable | EngineRefused | EngineTimeout | EngineError

/**
 * The failures of every change. A change that was sent and not answered in time is `OutcomeUnknown`,
 * never `EngineTimeout`.
 *
 * @category errors
 * @since 0.1.0
 */
export type ChangeError = EngineUnreachable | EngineRefused | EngineError | OutcomeUnknown
