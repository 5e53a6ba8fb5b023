/** A real receiver of webhooks, whose answers a test decides. */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { Effect, Queue } from "effect"

export interface Received {
  readonly path: string | undefined
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
  readonly respond: (status: number, headers?: Record<string, string>) => void
}

/** Listens at a port, by default at a free one, until the scope closes. */
export const make = (port = 0) =>
  Effect.gen(function* () {
    const received = yield* Queue.unbounded<Received>()
    const server = yield* Effect.acquireRelease(
      Effect.async<Http.Server>((resume) => {
        const server = Http.createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () =>
            received.unsafeOffer({
              path: request.url,
              headers: request.headers,
              body: Buffer.concat(chunks).toString(),
              respond: (status, headers) => response.writeHead(status, headers).end()
            })
          )
        })
        server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const bound = (server.address() as AddressInfo).port
    return { port: bound, url: `http://127.0.0.1:${bound}`, next: Queue.take(received), size: Queue.size(received) }
  })
