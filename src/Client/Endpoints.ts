/**
 * How a client finds a deployment: by name or id through a registry or a fixed table, or directly by URL.
 *
 * @since 0.1.0
 */
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
  /** Its name, for messages. */
  readonly name: string
  /** Where it answers, without a trailing slash. The key is sent nowhere else. */
  readonly url: string
  readonly authKey: Redacted.Redacted | undefined
  readonly serving: Settings.Serving
  /** JSON Schema of the parameters, when it is known without asking the deployment. */
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
  /** Only what differs from the defaults. */
  readonly serving?: Settings.ServingInput | undefined
  /** For messages; default: the URL's host. */
  readonly name?: string | undefined
}

/**
 * A deployment's name or id, or where it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Ref = string | Direct

/**
 * How looking a name up fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type ResolveError = DeploymentNotFound | DeploymentHttpError | StoreError | SecretKeyError

/**
 * Knows deployments by name or id.
 *
 * @category services
 * @since 0.1.0
 */
export class Endpoints extends Context.Tag("effect-deployers/Client/Endpoints")<
  Endpoints,
  {
    /** Finds a deployment. One that does not run fails with `DeploymentHttpError`. */
    readonly resolve: (ref: string) => Effect.Effect<Endpoint, ResolveError>
  }
>() {}

/**
 * Finds deployments in a table, for tests and for programs that are told where their deployments are.
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
