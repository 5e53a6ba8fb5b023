/** Listening sockets of this machine that processes inherit. */
import * as Net from "node:net"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { TypeId } from "../Errors/Kind.js"
import { descriptorOf } from "../Internal/Descriptor.js"

/**
 * An address could not be listened on.
 *
 * @category errors
 * @since 0.2.0
 */
export class SocketRefused extends Schema.TaggedError<SocketRefused>()("SocketRefused", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Port ${this.port} on ${this.host} cannot be listened on (${this.code}); free it, or choose another.`
  }
}

/**
 * A socket that listens. This process owns it until the scope closes, and every process that inherits it owns it, too.
 *
 * @category models
 * @since 0.2.0
 */
export interface Listening {
  readonly port: number
  /** The number of the socket in this process. */
  readonly descriptor: number
}

/**
 * Opens sockets.
 *
 * @category services
 * @since 0.2.0
 */
export class Sockets extends Context.Tag("effect-deployers/Local/Sockets")<
  Sockets,
  {
    /** Listens at an address, port 0 for one that the system chooses; none where processes cannot inherit sockets. */
    readonly listen: Option.Option<(host: string, port: number) => Effect.Effect<Listening, SocketRefused, Scope.Scope>>
  }
>() {}

/**
 * The sockets of this machine; none on Windows, where a process cannot inherit one.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<Sockets> = Layer.sync(Sockets, () => ({
  listen: process.platform === "win32" ? Option.none() : Option.some(listen)
}))

/**
 * No sockets: every instance listens by itself, and a deployment has no door.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerNone: Layer.Layer<Sockets> = Layer.succeed(Sockets, { listen: Option.none() })

// internal

const backlog = 4_096

const listen = (host: string, port: number): Effect.Effect<Listening, SocketRefused, Scope.Scope> =>
  Effect.acquireRelease(opened(host, port), ({ server }) => Effect.sync(() => void server.close()))

const opened = (host: string, port: number) =>
  Effect.async<Listening & { readonly server: Net.Server }, SocketRefused>((resume) => {
    const refuse = (code: string) => resume(Effect.fail(new SocketRefused({ host, port, code })))
    const server = Net.createServer(comeBack)
    server.once("error", (error: NodeJS.ErrnoException) => refuse(error.code ?? "unknown"))
    server.listen({ host, port, backlog, exclusive: true }, () => {
      const address = server.address()
      const descriptor = descriptorOf(server)
      if (address === null || typeof address === "string" || descriptor === undefined) {
        server.close()
        refuse("not a TCP address")
      } else resume(Effect.succeed({ port: address.port, descriptor, server }))
    })
  })

/** This process accepts for the moment until the instances do. Its callers have to come back. */
const comeBack = (connection: Net.Socket): void => {
  connection.on("error", () => {})
  connection.end("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}
