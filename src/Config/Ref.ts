/** The outputs of one deployment as inputs of another. Plain data: the settings file may load a copy of its own. */
import * as Schema from "effect/Schema"

/**
 * The URL of another deployment, as the value of an environment variable.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UrlRef = Schema.TaggedStruct("UrlRef", { deployment: Schema.String })

export type UrlRef = typeof UrlRef.Type

/**
 * The key of another deployment, as a secret. The registry keeps it sealed.
 *
 * @category schemas
 * @since 0.1.0
 */
export const KeyRef = Schema.TaggedStruct("KeyRef", { deployment: Schema.String })

export type KeyRef = typeof KeyRef.Type

/**
 * The outputs of another deployment of the same file: its `url` for `environment`, its `key` for `secrets`. A deployment
 * with a reference is deployed after the one it names.
 *
 * @example
 * ```ts
 * import { defineConfig, ref } from "effect-deployers/Config"
 *
 * export default defineConfig({
 *   deployments: {
 *     catalog: { pipeline: "./catalog.ts" },
 *     shop: {
 *       pipeline: "./shop.ts",
 *       environment: { CATALOG_URL: ref("catalog").url },
 *       secrets: { CATALOG_KEY: ref("catalog").key }
 *     }
 *   }
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const ref = (deployment: string): { readonly url: UrlRef; readonly key: KeyRef } => ({
  url: { _tag: "UrlRef", deployment },
  key: { _tag: "KeyRef", deployment }
})
