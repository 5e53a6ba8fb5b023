/**
 * The deliveries of webhooks of one deployment, which all its processes share.
 *
 * **Details**
 *
 * A delivery is written with its run, in the same transaction, so the end of the run cannot be on record without it. It is
 * due when its run has ended. Invariants every implementation keeps and `StoreSuite` checks: a claim belongs to one of all
 * the processes that ask; a claim that is not settled is due again when its time is over; the result of an earlier claim
 * changes nothing; a run is not pruned before its deliveries have ended.
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { DeliveryState, WebhookDelivery } from "../Contract/Webhooks.js"
import type { StoreError } from "../Errors/Stores.js"

/**
 * The right of this process to one attempt of a delivery.
 *
 * @category models
 * @since 0.2.0
 */
export interface DeliveryClaim {
  readonly id: string
  readonly runId: string
  readonly webhook: string
  /** The URL that the caller of the run gave. */
  readonly url: string | undefined
  /** The number of this attempt, from 1. */
  readonly attempt: number
  /** Fences the result: each claim of a delivery has a higher one. */
  readonly token: number
}

/**
 * The result of an attempt. `unwanted`: the webhook does not ask for runs with this end, so its row is removed.
 *
 * @category models
 * @since 0.2.0
 */
export type DeliveryResult =
  | { readonly _tag: "delivered"; readonly status: number }
  | { readonly _tag: "failed"; readonly status?: number | undefined; readonly reason: string }
  | {
      readonly _tag: "again"
      readonly status?: number | undefined
      readonly reason: string
      /** Milliseconds since the epoch. */
      readonly dueAt: number
    }
  | { readonly _tag: "unwanted" }

/**
 * Keeps deliveries of webhooks. A part of `RunStore`.
 *
 * @category services
 * @since 0.2.0
 */
export interface WebhookStore {
  /**
   * Claims attempts that are due, oldest first, and of one target at most `perTarget`, those in `held` included: a webhook, or the
   * origin of the URL of a caller. They are due again after `leaseMillis`.
   */
  readonly claim: (options: {
    readonly limit: number
    readonly perTarget: number
    /** The claims of this process whose attempts are in progress. */
    readonly held: ReadonlyArray<Pick<DeliveryClaim, "webhook" | "url">>
    readonly leaseMillis: number
  }) => Effect.Effect<ReadonlyArray<DeliveryClaim>, StoreError>
  /** Records the result of a claim. */
  readonly settle: (claim: DeliveryClaim, result: DeliveryResult) => Effect.Effect<void, StoreError>
  /** Newest first; `cursor` comes from the page before. */
  readonly list: (options: {
    readonly state?: DeliveryState | undefined
    readonly runId?: string | undefined
    readonly limit: number
    readonly cursor?: string | undefined
  }) => Effect.Effect<
    { readonly deliveries: ReadonlyArray<WebhookDelivery>; readonly nextCursor: string | undefined },
    StoreError
  >
  /** Makes a delivery due now, with all its attempts. */
  readonly retry: (id: string) => Effect.Effect<Option.Option<WebhookDelivery>, StoreError>
}

/**
 * The id of the delivery of a run to a webhook.
 *
 * @category constructors
 * @since 0.2.0
 */
export const idOf = (runId: string, webhook: string): string => `msg_${runId}_${webhook}`
