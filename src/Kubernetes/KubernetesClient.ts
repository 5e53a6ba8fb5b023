/** The API of a cluster as a service: every call is typed, interruptible and has a deadline. */
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import * as Configuration from "./Client/Configuration.js"
import type { ChangeError, ClusterUnreachable, QueryError } from "./Client/Errors.js"
import { make } from "./Client/Make.js"
import type { Applied, Reference, Resource, ResourceType } from "./Client/Resources.js"

export type { Cluster, Options } from "./Client/Configuration.js"
export * from "./Client/Errors.js"
export { type Applied, describe, type Reference, type Resource, type ResourceType, types } from "./Client/Resources.js"

/**
 * Options of `apply`.
 *
 * @category models
 * @since 0.2.0
 */
export interface ApplyOptions {
  /** The owner of the fields. */
  readonly manager: string
  /** Takes over fields of other managers; default `false`, which fails with `ApiConflict`. */
  readonly force?: boolean | undefined
  /** Checks everything and changes nothing; default `false`. */
  readonly dryRun?: boolean | undefined
}

/**
 * Options of `remove`.
 *
 * @category models
 * @since 0.2.0
 */
export interface RemoveOptions {
  /** Removes only the object with this identity; default any of that name. */
  readonly uid?: string | undefined
  /** The time between the stop signal and the kill of a pod, in seconds; default that of the object. */
  readonly graceSeconds?: number | undefined
  /** `foreground` removes what the object owns first; default `background`. */
  readonly propagation?: "foreground" | "background" | undefined
}

/**
 * Options of `logs`.
 *
 * @category models
 * @since 0.2.0
 */
export interface LogOptions {
  readonly container: string
  /** The number of last lines; default all. */
  readonly tail?: number | undefined
  /** Only lines at or after this time, in milliseconds since the epoch. */
  readonly since?: number | undefined
  /** Also later lines, until the container ends; default `false`. */
  readonly follow?: boolean | undefined
  /** The container before the last restart; default `false`. */
  readonly previous?: boolean | undefined
}

/**
 * A right that an operation needs.
 *
 * @category models
 * @since 0.2.0
 */
export interface Right {
  readonly verb: "get" | "list" | "watch" | "create" | "patch" | "delete"
  readonly type: Pick<ResourceType, "apiVersion" | "plural">
  /** A part of the objects, such as `log`. */
  readonly subresource?: string | undefined
}

/**
 * The API of a cluster. Nothing is loaded or connected before the first call.
 *
 * **Details**
 *
 * A request that gets no response within 10 seconds, or that a busy API refuses, is repeated four times. A change without
 * a response after that fails with `OutcomeUnknown`. Every change can be repeated.
 *
 * @category services
 * @since 0.2.0
 */
export class KubernetesClient extends Context.Tag("effect-deployers/Kubernetes/KubernetesClient")<
  KubernetesClient,
  {
    /** The cluster in use, from the configuration alone. */
    readonly cluster: Effect.Effect<Configuration.Cluster, ClusterUnreachable>
    /** The time of the cluster in milliseconds since the epoch, as of the last response. */
    readonly now: Effect.Effect<number>
    /** One object; none if it does not exist. */
    readonly get: (reference: Reference) => Effect.Effect<Option.Option<Resource>, QueryError>
    /** The objects of a namespace with these labels. */
    readonly list: (
      type: ResourceType,
      namespace: string,
      labels?: Readonly<Record<string, string>>,
      fields?: Readonly<Record<string, string>>
    ) => Effect.Effect<ReadonlyArray<Resource>, QueryError>
    /** Creates an object, or changes its fields to these (server-side apply). */
    readonly apply: (
      reference: Reference,
      object: Applied,
      options: ApplyOptions
    ) => Effect.Effect<Resource, ChangeError>
    /** Removes an object. A missing one, or one with another identity, is a success. Objects with finalizers stay for a while. */
    readonly remove: (reference: Reference, options?: RemoveOptions) => Effect.Effect<void, ChangeError>
    /** The lines of the log of a pod with their times, oldest first; none if there is no such log. */
    readonly logs: (
      pod: Omit<Reference, "type">,
      options: LogOptions
    ) => Stream.Stream<{ readonly at: number | undefined; readonly text: string }, QueryError>
    /**
     * A hint for each change of the objects of a namespace with these labels, and one at the start and after each gap. The
     * stream never ends; a watch that breaks or is silent starts again, with a pause that grows up to 30 seconds.
     */
    readonly changes: (
      type: ResourceType,
      namespace: string,
      labels?: Readonly<Record<string, string>>
    ) => Stream.Stream<void>
    /** The rights of the user in a namespace that are missing. */
    readonly missingRights: (
      namespace: string,
      rights: ReadonlyArray<Right>
    ) => Effect.Effect<ReadonlyArray<Right>, QueryError>
  }
>() {}

/**
 * A cluster of a kubeconfig, or that around this process.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Configuration.Options = {}): Layer.Layer<KubernetesClient> =>
  Layer.effect(KubernetesClient, make(options))

/**
 * The cluster that the environment names: `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod, and
 * the context `DEPLOYERS_KUBE_CONTEXT`, else the current one.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig: Layer.Layer<KubernetesClient, ConfigError> = Layer.unwrapEffect(
  Effect.map(Configuration.config, layer)
)
