/** Answers the requests at a door with 503, while no instance serves. */
import * as Http from "node:http"

const body = JSON.stringify({
  _tag: "ServiceUnavailable",
  message: "No instance of the deployment serves at the moment; try again in a moment.",
  reason: "starting",
  retryAfterSeconds: 1
})

const headers = {
  "Content-Type": "application/json; charset=utf-8",
  "Content-Length": Buffer.byteLength(body),
  "Retry-After": "1",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  Connection: "close"
}

/** The server of these answers. It listens nowhere yet. */
export const makeServer = (): Http.Server => {
  const server = Http.createServer((request, response) => {
    response.writeHead(503, headers)
    response.end(request.method === "HEAD" ? undefined : body)
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  return server
}

/** Answers at an inherited socket until SIGTERM, or until the door is gone. */
export const answer = (): void => {
  const server = makeServer()
  const end = () => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
    setTimeout(() => process.exit(0), 1_000).unref()
  }
  process.once("SIGTERM", end)
  process.once("disconnect", end)
  server.listen({ fd: 3 })
}
