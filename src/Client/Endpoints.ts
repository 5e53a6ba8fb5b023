/** The ways to find a deployment: by name or id in a registry or a fixed table, or by URL. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DeploymentHttpError } from "../Contract/Errors.js"
import { DeploymentNotFound } from "../Errors/Lifecycle.js"
import type { SecretKeyError, StoreError } from "../Errors/Stores.js"
import * as Settings from "../Settings.js"
import type { JsonSchema } from "./JsonSchema.js"

/**
 * Everything needed to call a deployment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Endpoint {
  /** Name of the deployment, for messages. */
  readonly name: string
  /** URL of the deployment, without a trailing slash. The key is sent to no other URL. */
  readonly url: string
  readonly authKey: Redacted.Redacted | undefined
  readonly serving: Settings.Serving
  /** JSON Schema of the parameters, if it is known without a request. */
  readonly inputSchema: JsonSchema | undefined
  readonly outputSchema: JsonSchema | undefined
}

/**
 * A deployment by URL, for callers without a registry.
 *
 * @category models
 * @since 0.1.0
 */
export interface Direct {
  readonly url: string
  readonly authKey?: Redacted.Redacted | undefined
  /** The settings that differ from the defaults. */
  readonly serving?: Settings.ServingInput | undefined
  /** For messages; default: the URL's host. */
  readonly name?: string | undefined
}

/**
 * The name or id of a deployment, or its URL.
 *
 * @category models
 * @since 0.1.0
 */
export type Ref = string | Direct

/**
 * The errors of finding a name.
 *
 * @category errors
 * @since 0.1.0
 */
export type ResolveError = DeploymentNotFound | DeploymentHttpError | StoreError | SecretKeyError

/**
 * Finds deployments by name or id.
 *
 * @category services
 * @since 0.1.0
 */
export class Endpoints extends Context.Tag("effect-deployers/Client/Endpoints")<
  Endpoints,
  {
    /** Finds a deployment. A stopped deployment is a `DeploymentHttpError`. */
    readonly resolve: (ref: string) => Effect.Effect<Endpoint, ResolveError>
  }
>() {}

/**
 * Finds deployments in a table, for tests and for programs that are given the URLs of their deployments.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStatic = (table: Readonly<Record<string, Direct>>): Layer.Layer<Endpoints> =>
  Layer.succeed(Endpoints, {
    resolve: (ref) => {
      const found = Object.hasOwn(table, ref) ? table[ref] : undefined
      return found === undefined ? Effect.fail(new DeploymentNotFound({ ref })) : direct({ name: ref, ...found })
    }
  })

/**
 * The endpoint of a deployment by URL.
 *
 * @category constructors
 * @since 0.1.0
 */
export const direct = ({ authKey, name, serving, url }: Direct): Effect.Effect<Endpoint, DeploymentHttpError> =>
  Effect.suspend(() => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
      return Effect.fail(
        new DeploymentHttpError({
          deployment: name ?? "given by URL",
          reason: 'its URL is not one of HTTP; give one such as "http://127.0.0.1:8080"'
        })
      )
    }
    return Effect.succeed({
      name: name ?? parsed.host,
      url: `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, ""),
      authKey,
      serving: servingOf(serving ?? {}),
      inputSchema: undefined,
      outputSchema: undefined
    })
  })

/** The serving settings in a stored or given value, with the defaults for the fields it leaves out. */
export const servingOf = (stored: unknown): Settings.Serving =>
  Option.getOrElse(decodeServing(stored ?? {}), () => defaults)

// internal

const decodeServing = Schema.decodeUnknownOption(Settings.Serving)
const defaults = Schema.decodeSync(Settings.Serving)({})
