/** The setting of webhooks: URLs that a service calls when a run ends. */
import * as Schema from "effect/Schema"
import { count, withDefault } from "./Fields.js"
import { HostPattern } from "./Network.js"

/**
 * A URL that takes deliveries: `https:` or `http:`, without a user and without a fragment.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookUrl = Schema.String.pipe(
  Schema.maxLength(2_048),
  Schema.filter(
    (text) => isTarget(text) || 'must be a URL such as "https://hooks.example.com/runs", without a user and a fragment'
  ),
  Schema.annotations({ description: "a URL that takes deliveries" })
)

/**
 * The end of a run.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunEnd = Schema.Literal("succeeded", "failed", "interrupted")

export type RunEnd = typeof RunEnd.Type

const common = {
  /** The ends that are delivered; default all. */
  on: withDefault(Schema.NonEmptyArray(RunEnd), ["succeeded", "failed", "interrupted"]),
  /**
   * The secrets that sign deliveries, by name; default `["WEBHOOK_SECRET"]`. Each one signs every delivery, so a receiver may
   * know the old or the new one while they rotate. A value is `whsec_` and 24 to 64 bytes as base64.
   */
  secrets: withDefault(
    Schema.NonEmptyArray(
      Schema.String.pipe(
        Schema.pattern(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
          message: () => "must be the name of a secret: letters, digits and underscores, not starting with a digit"
        })
      )
    ).pipe(Schema.maxItems(5)),
    ["WEBHOOK_SECRET"]
  ),
  /** `summary` (default): the record of the run without data; `outputs`: with its outputs, or its failure. */
  include: withDefault(Schema.Literal("summary", "outputs"), "summary")
}

/**
 * One webhook of a service.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Webhook = Schema.Struct({ url: WebhookUrl, ...common })

export type Webhook = typeof Webhook.Type

/**
 * The webhooks of a service, and the way of their deliveries.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Webhooks = Schema.Struct({
  /** The webhooks by name. */
  to: withDefault(
    Schema.Record({
      key: Schema.String.pipe(
        Schema.pattern(/^(?!caller$)[a-z0-9][a-z0-9-]{0,39}$/, {
          message: () => 'must be a name of up to 40 lower-case letters, digits and "-", and not "caller"'
        })
      ),
      value: Webhook
    }),
    {}
  ),
  /** The webhooks that callers may give for their runs, in the header `Webhook-Url`; default none. */
  callers: Schema.optional(
    Schema.Struct({
      /** The hosts that such a URL may have. */
      hosts: Schema.NonEmptyArray(HostPattern),
      ...common
    })
  ),
  /** Attempts of one delivery; default 10, which takes about 12 hours. */
  maxAttempts: withDefault(count(1), 10),
  /** Time for one attempt, in milliseconds; default 15,000. */
  timeoutMillis: withDefault(count(1), 15_000),
  /** Most bytes of the body of a delivery; default 256 KiB. A larger one is sent without outputs and failure. */
  maxBytes: withDefault(count(4_096), 262_144),
  /** Permits addresses of private networks and of this machine; default false. */
  allowPrivateAddresses: withDefault(Schema.Boolean, false)
})

export type Webhooks = typeof Webhooks.Type

// internal

const isTarget = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { hash, password, protocol, username } = new URL(text)
  return (protocol === "https:" || protocol === "http:") && hash === "" && username === "" && password === ""
}
