/** The form of the settings file. */
import * as Schema from "effect/Schema"
import type { DockerSettingsInput } from "../Docker/Settings.js"
import type { LocalSettingsInput } from "../Local/Settings.js"
import { Snapshot } from "../Snapshot/Model.js"
import { KeyRef, UrlRef } from "./Ref.js"

const Value = Schema.Union(Schema.String, UrlRef).annotations({
  message: () => ({ message: 'must be a text or ref("NAME").url', override: true })
})

const Secrets = Schema.Union(
  Schema.Array(Schema.String),
  Schema.Record({ key: Schema.String, value: Schema.Union(Schema.Literal(true), KeyRef) })
).annotations({
  message: () => ({
    message: 'must be a list of names, or a record of NAME: true (a stored secret) and NAME: ref("DEPLOYMENT").key',
    override: true
  })
})

const Source = Schema.Union(Schema.NonEmptyString, Schema.instanceOf(Snapshot)).annotations({
  message: () => ({ message: 'must be a module such as "./shop.ts" or "./shop.ts#shop"', override: true })
})

const anySetting = { key: Schema.String, value: Schema.Unknown }

const overrides = {
  deployer: Schema.optional(Schema.String),
  environment: Schema.optional(Schema.Record({ key: Schema.String, value: Value })),
  secrets: Schema.optional(Secrets)
}

/**
 * The deployments of an application and its stages, checked in form. The deployers check the settings.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Config = Schema.Struct({
  /** The deployments by name. */
  deployments: Schema.Record({
    key: Schema.String,
    value: Schema.Struct({ pipeline: Source, ...overrides }, anySetting)
  }),
  /** Settings of every deployment in a stage, by the name of the stage. */
  stages: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Struct(overrides, anySetting) }))
})

export type Config = typeof Config.Type

/**
 * Every setting of the flavors. A deployment ignores the settings that only other flavors have, and its plan names them.
 *
 * @category models
 * @since 0.1.0
 */
export type SettingsInput = Omit<LocalSettingsInput & DockerSettingsInput, "environment" | "secrets"> & {
  /** The flavor of a new deployment, such as `local` or `docker`; an existing one keeps its own. */
  readonly deployer?: string | undefined
  readonly environment?: { readonly [name: string]: string | UrlRef } | undefined
  readonly secrets?: ReadonlyArray<string> | { readonly [name: string]: true | KeyRef } | undefined
}

/**
 * A deployment of the settings file.
 *
 * @category models
 * @since 0.1.0
 */
export type DeploymentInput = SettingsInput & {
  /** The module of the pipeline, relative to the settings file, with `#export` if it has several; in a program also a snapshot. */
  readonly pipeline: string | Snapshot
}

/**
 * The settings file.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConfigInput {
  /** The deployments by name. */
  readonly deployments: { readonly [name: string]: DeploymentInput }
  /** Stages by name. In the stage `staging`, the deployment `shop` is named `shop-staging`, with these settings above its own. */
  readonly stages?: { readonly [name: string]: SettingsInput } | undefined
}

/**
 * The settings file, typed: `export default defineConfig({ deployments: { ... } })`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defineConfig = (config: ConfigInput): ConfigInput => config
