/** The key of a request for a WebSocket, which is in its header or, from a browser, among its subprotocols. */
import * as RunSocket from "../../../Contract/RunSocket.js"
import type { GuardedRequest } from "../Guard.js"

type Headers = GuardedRequest["headers"]

/** The value that the header `Authorization` has, or would have. A header counts before a subprotocol. */
export const authorizationOf = ({ authorization, "sec-websocket-protocol": offered }: Headers): string | undefined => {
  if (authorization !== undefined || typeof offered !== "string") return authorization
  const key = RunSocket.keyIn(offered)
  return key === undefined ? undefined : `Bearer ${key}`
}

/** The request with its key in the header. */
export const keyed = ({ headers, method, rawHeaders, socket, url }: GuardedRequest): GuardedRequest => ({
  method,
  url,
  headers: { ...headers, authorization: authorizationOf(headers) },
  rawHeaders,
  ...(socket === undefined ? {} : { socket })
})
