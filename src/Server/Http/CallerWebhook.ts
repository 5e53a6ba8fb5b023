/** The webhook that a caller gives for its run. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { InvalidRequest } from "../../Contract/Errors.js"
import type { Serving } from "../../Settings/Serving.js"
import { WebhookUrl } from "../../Settings/Webhooks.js"
import * as ValidationIssues from "../Run/ValidationIssues.js"
import * as HostPatterns from "./HostPatterns.js"

/** Reads the header `Webhook-Url` of a request. */
export type Read = (headers: { readonly [name: string]: unknown }) => Either.Either<string | undefined, InvalidRequest>

/** Makes the reader of a service. A service that permits no such webhooks ignores the header. */
export const reader = ({ recording, webhooks }: Serving): Read | undefined => {
  const callers = webhooks?.callers
  if (callers === undefined || recording === "none") return undefined
  const isListed = HostPatterns.make(callers.hosts)
  return (headers) => {
    const url = headers["webhook-url"]
    if (url === undefined) return none
    if (!isUrl(url))
      return refused('must be a URL such as "https://hooks.example.com/runs", without a user and a fragment')
    const { hostname, href } = new URL(url)
    return isListed(hostname)
      ? Either.right(href)
      : refused("names a host that this service does not call; the setting webhooks.callers.hosts lists the hosts")
  }
}

// internal

const none = Either.right(undefined)

const isUrl = Schema.is(WebhookUrl)

const refused = (problem: string) =>
  Either.left(ValidationIssues.invalidRequest([ValidationIssues.make(["headers", "webhook-url"], problem)]))
