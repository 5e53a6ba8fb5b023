/** Requests as the pipelines of their runs read them. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Option from "effect/Option"
import type { CallerKey } from "../../Contract/Keys.js"
import * as Request from "../../Run/Request.js"
import type { Serving } from "../../Settings/Serving.js"
import * as Forwarded from "./Forwarded.js"

/** The parts of a request that a pipeline reads, of Node or of the platform. */
export interface Incoming extends Forwarded.ForwardedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/** Describes a request with the key of its caller. */
export type Describe = (
  incoming: Incoming,
  caller: CallerKey | undefined,
  requestId: string | undefined
) => Request.RunRequest

/** Makes the function that describes the requests of a service. */
export const make = ({ trustedProxies }: Serving): Describe => {
  const read = Forwarded.reader(trustedProxies)
  return (incoming, caller, requestId) => {
    const { address, prefix } = read(incoming)
    return {
      method: Option.fromNullable(incoming.method),
      path: Option.map(Option.fromNullable(incoming.url), (url) => prefix + pathOf(url)),
      headers: Request.headersOf(incoming.headers),
      caller: Option.map(Option.fromNullable(caller), ({ id, scopes }) => ({ keyId: id, scopes })),
      requestId: Option.fromNullable(requestId),
      remoteAddress: Option.fromNullable(address)
    }
  }
}

/** A request of the platform. Its original URL has the path of a mount. */
export const ofPlatform = (request: HttpServerRequest.HttpServerRequest): Incoming => ({
  method: request.method,
  url: request.originalUrl,
  ...Forwarded.ofPlatform(request)
})

// internal

/** The path of a request target: requests of the web have a whole URL. */
const pathOf = (target: string): string => target.replace(/^https?:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "") || "/"
