/** The ways to find a deployment: by name or id in a registry or a fixed table, or by URL. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AppPaths from "../Contract/AppPaths.js"
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
  /** The pipeline of the group; absent for a deployment of one pipeline. */
  readonly pipeline?: string | undefined
  /**
   * The proof that the service has to give before it receives the key and the parameters: with the secret of its deployment,
   * or none. Default: with the digest of the key, and none without a key.
   */
  readonly proof?: Proof | undefined
}

/**
 * The secret with which a deployment proves itself, for callers that know it from the registry.
 *
 * @category models
 * @since 0.1.0
 */
export type Proof = "none" | { readonly secret: Redacted.Redacted; readonly deploymentId: string }

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
  /** The pipeline to call, of a deployment with several (`Pipeline.group`). */
  readonly pipeline?: string | undefined
  /**
   * `none` sends the key without a proof of the service, to a gateway or a service that cannot give one. Default: the service
   * proves that it has the digest of the key.
   */
  readonly proof?: "none" | undefined
}

/**
 * The name or id of a deployment, or its URL. `NAME/PIPELINE` is a pipeline of a deployment with several.
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
export const direct = ({
  authKey,
  name,
  pipeline,
  proof,
  serving,
  url
}: Direct): Effect.Effect<Endpoint, DeploymentHttpError> =>
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
      serving: pipeline === undefined ? servingOf(serving) : AppPaths.ofMember(pipeline, servingOf(serving)),
      ...(pipeline === undefined ? {} : { pipeline }),
      inputSchema: undefined,
      outputSchema: undefined,
      proof
    })
  })

/** The endpoint of one pipeline of a deployment with several. */
export const ofMember = (endpoint: Endpoint, pipeline: string): Endpoint => ({
  ...endpoint,
  pipeline,
  serving: AppPaths.ofMember(pipeline, endpoint.serving)
})

/** The serving settings in a stored or given value, with the defaults for the fields it leaves out. */
export const servingOf = (stored: unknown): Settings.Serving =>
  Option.getOrElse(decodeServing(stored ?? {}), () => defaults)

// internal

const decodeServing = Schema.decodeUnknownOption(Settings.Serving)
const defaults = Schema.decodeSync(Settings.Serving)({})
