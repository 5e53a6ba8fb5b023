/** The endpoints of webhooks. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { WebhookDeliveryNotFound } from "../../Contract/Errors.js"
import type { WebhookPage } from "../../Contract/Webhooks.js"
import { RunStore } from "../../Store/RunStore.js"
import * as RunRecorder from "../Run/Records/RunRecorder.js"
import { ServiceInfo } from "./ServiceInfo.js"
import type { Contract } from "./SessionHandlers.js"

/** Implements the endpoints over the run store. */
export const layer = (api: Contract) =>
  HttpApiBuilder.group(api, "webhooks", (handlers) =>
    Effect.gen(function* () {
      const { webhooks } = yield* RunStore
      const { manifest } = yield* ServiceInfo
      const own = Object.entries(manifest.serving.webhooks?.to ?? {}).map(([name, { on, url }]) => ({
        name,
        on,
        url: shown(url)
      }))
      return handlers
        .handle("list", ({ urlParams: { cursor, limit, run, state } }) =>
          Effect.map(
            RunRecorder.orUnavailable(webhooks.list({ cursor, limit, runId: run, state })),
            ({ deliveries, nextCursor }): WebhookPage => ({
              webhooks: own,
              deliveries,
              ...(nextCursor === undefined ? {} : { nextCursor })
            })
          )
        )
        .handle("retry", ({ path: { id } }) =>
          Effect.flatMap(
            RunRecorder.orUnavailable(webhooks.retry(id)),
            Option.match({ onNone: () => Effect.fail(notFound(id)), onSome: Effect.succeed })
          )
        )
    })
  )

// internal

/** The query of a URL may hold a token of the receiver. */
const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

const notFound = (delivery: string) =>
  new WebhookDeliveryNotFound({
    message: "This deployment has no delivery of that id; GET /webhooks lists them.",
    delivery
  })
