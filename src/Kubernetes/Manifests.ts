/**
 * The manifests of a deployment for tools that apply them from a repository: the objects that the deployer applies, with
 * names and labels that stay the same over generations. They belong to no registry, so no deployer changes or removes them.
 */
import * as Effect from "effect/Effect"
import type { DeploymentInvalidSettings, SecretNotFound } from "../Errors/Input.js"
import type { DeploymentNotExportable, DeploymentNotFound, SnapshotNotFound } from "../Errors/Lifecycle.js"
import type { SecretKeyError, StoreError } from "../Errors/Stores.js"
import type { BuildStore } from "../Store/BuildStore.js"
import type { DeploymentStore } from "../Store/DeploymentStore.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import type { SecretStore } from "../Store/SecretStore.js"
import type { SnapshotStore } from "../Store/SnapshotStore.js"
import { manifestsOf } from "./Export/Manifests.js"
import { sourceOf } from "./Export/Source.js"
import { documentsOf, firstLine } from "./Export/Yaml.js"
import type { KubernetesSettingsInput } from "./Settings.js"

/**
 * Options of an export.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * The image of the snapshot by digest, such as `registry.example.com/team/weather@sha256:...`. Default that of the
   * generation, else the newest one of the snapshot that was pushed.
   */
  readonly image?: string | undefined
  /** Settings above those of the deployment; default none. */
  readonly settings?: KubernetesSettingsInput | undefined
  /** True for a Secret with the values; default `false`: the Secret is left out, and {@link Exported.secret} describes it. */
  readonly withSecrets?: boolean | undefined
}

/**
 * An object of a cluster.
 *
 * @category models
 * @since 0.2.0
 */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  /** The name for a file: a folder of them, applied in the order of names, is applied in the right order. */
  readonly file: string
  readonly object: Readonly<Record<string, unknown>>
  /** True if the object has values of secrets. */
  readonly isSecret: boolean
}

/**
 * An entry of the Secret that the pods need.
 *
 * @category models
 * @since 0.2.0
 */
export interface SecretEntry {
  readonly key: string
  /** The content, as a clause. */
  readonly content: string
}

/**
 * The manifests of a deployment, in the order in which they are applied.
 *
 * @category models
 * @since 0.2.0
 */
export interface Exported {
  readonly name: string
  /** The generation that was exported. */
  readonly generation: number
  readonly manifests: ReadonlyArray<Manifest>
  /** The Secret that has to exist before the pods start; `undefined` if they need none. */
  readonly secret: { readonly name: string; readonly entries: ReadonlyArray<SecretEntry> } | undefined
}

/**
 * A manifest as text.
 *
 * @category models
 * @since 0.2.0
 */
export interface Document {
  readonly file: string
  /** YAML, with comments. */
  readonly text: string
  /** True if the text has values of secrets. */
  readonly isSecret: boolean
}

/**
 * The failures of an export. Nothing was changed.
 *
 * @category errors
 * @since 0.2.0
 */
export type ExportError =
  | DeploymentNotFound
  | DeploymentNotExportable
  | DeploymentInvalidSettings
  | SnapshotNotFound
  | SecretNotFound
  | SecretKeyError
  | StoreError

/**
 * The services of an export.
 *
 * @category models
 * @since 0.2.0
 */
export type Requirements = DeploymentStore | SnapshotStore | SecretStore | SecretBox | BuildStore

/**
 * The manifests of the accepted generation of a deployment of any flavor. It reads the registry and asks no cluster and no
 * engine.
 *
 * **Details**
 *
 * The names have no generation, so a tool that applies the manifests replaces the pods by a rolling update. The intake is
 * open. The settings of another flavor are those that every flavor has, with `memory`, `cpus` and `tmpfsBytes`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Manifests } from "effect-deployers/Kubernetes"
 *
 * const text = Effect.gen(function* () {
 *   const exported = yield* Manifests.ofDeployment("weather", { settings: { namespace: "production" } })
 *   const documents = yield* Manifests.toYaml(exported)
 *   return documents.map(({ text }) => text).join("---\n")
 * })
 * ```
 *
 * @param ref name or id of the deployment
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofDeployment = (ref: string, options: Options = {}): Effect.Effect<Exported, ExportError, Requirements> =>
  Effect.map(sourceOf(ref, options), (source) => manifestsOf(source, options.withSecrets ?? false))

/**
 * The manifests as YAML documents in the order in which they are applied. It loads the package `@kubernetes/client-node`, and
 * fails without it.
 *
 * @category encoding
 * @since 0.2.0
 */
export const toYaml = (exported: Exported): Effect.Effect<ReadonlyArray<Document>, DeploymentNotExportable> =>
  documentsOf(exported)

/**
 * The first line of the documents of a deployment: a file that begins with it was written by an export.
 *
 * @category encoding
 * @since 0.2.0
 */
export const firstLineOf = (exported: Pick<Exported, "name">): string => firstLine(exported)
