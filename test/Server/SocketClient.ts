// Clients of the WebSocket of a run: one of a library, and one that writes the bytes of its frames itself.
import { randomBytes } from "node:crypto"
import * as Net from "node:net"
import { Effect, Queue, type Scope } from "effect"
import { Serve } from "effect-deployers/Server"
import { type ClientOptions, WebSocket } from "ws"

/** A message as any of the messages of the service, or the end of the connection. */
export interface Told {
  readonly id?: number
  readonly event?: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly accepted?: string
  readonly refused?: Readonly<Record<string, unknown>>
  readonly ref?: string | number
  readonly closed?: number
}

export interface Options extends ClientOptions {
  readonly protocols?: ReadonlyArray<string>
}

/** Connects to the served pipeline while the scope lives. */
export const connect = (path: string, options: Options = {}) =>
  Effect.flatMap(Serve.Served, ({ url }) => connectTo(url, path, options))

/** Connects while the scope lives. `refusal` is the response to a handshake that was refused. */
export const connectTo = (url: string, path: string, { protocols, ...options }: Options = {}) =>
  Effect.gen(function* () {
    const heard = yield* Queue.unbounded<Told>()
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => new WebSocket(`${url.replace(/^http/, "ws")}${path}`, protocols && [...protocols], options)),
      (socket) => Effect.sync(() => socket.terminate())
    )
    const refusal = yield* Effect.async<{ readonly status: number | undefined; readonly text: string } | undefined>(
      (resume) => {
        socket.on("open", () => resume(Effect.succeed(undefined)))
        socket.on("unexpected-response", (_, response) => {
          let text = ""
          response.setEncoding("utf8").on("data", (chunk) => {
            text += chunk
          })
          response.on("end", () => resume(Effect.succeed({ status: response.statusCode, text })))
        })
        socket.on("message", (data) => heard.unsafeOffer(JSON.parse(String(data))))
        socket.on("close", (code) => {
          heard.unsafeOffer({ closed: code })
          resume(Effect.succeed({ status: undefined, text: `closed with ${code}` }))
        })
        socket.on("error", () => {})
      }
    )
    const take = (count: number) => Effect.all(Array.from({ length: count }, () => heard.take))
    /** Everything to the end of the connection, which is the last element. */
    const rest: Effect.Effect<ReadonlyArray<Told>> = Effect.flatMap(heard.take, (told) =>
      told.closed === undefined ? Effect.map(rest, (others) => [told, ...others]) : Effect.succeed([told])
    )
    /** The next message that is a reply; events before it are left out. */
    const reply: Effect.Effect<Told> = Effect.flatMap(heard.take, (told) =>
      told.event === undefined ? Effect.succeed(told) : reply
    )
    return {
      refusal,
      socket,
      take,
      rest,
      reply,
      send: (message: unknown) =>
        Effect.sync(() => socket.send(typeof message === "string" ? message : JSON.stringify(message)))
    }
  }) satisfies Effect.Effect<unknown, never, Scope.Scope>

/** The bytes of a handshake. */
export const handshake = (path: string, more = "") =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n${more}\r\n`

/** The bytes of a frame of a client, masked with zeros. */
export const frame = (first: number, payload: Uint8Array, mask = 0x80): Buffer => {
  const length =
    payload.length < 126 ? [mask | payload.length] : [mask | 126, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from([first, ...length]), Buffer.alloc(mask === 0 ? 0 : 4), payload])
}

/** A connection of bytes that has completed the handshake; it reads nothing until it is resumed. */
export const open = (path: string) =>
  Effect.flatMap(Serve.Served, ({ host, port }) =>
    Effect.acquireRelease(
      Effect.async<Net.Socket>((resume) => {
        const socket = Net.connect(port, host, () => socket.write(handshake(path)))
        socket.on("error", () => {})
        socket.once("readable", () => {
          socket.pause()
          resume(Effect.succeed(socket))
        })
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
  )

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

const closing = 8

/** All frames of a connection until its end. It ends its side after the frame that closes, as a client does. */
export const framesOf = (socket: Net.Socket) =>
  Effect.async<ReadonlyArray<Frame>>((resume) => {
    const frames: Array<Frame> = []
    let unread = Buffer.alloc(0)
    let isOpen = false
    const take = () => {
      const start = isOpen ? 0 : unread.indexOf("\r\n\r\n") + 4
      isOpen = true
      unread = unread.subarray(start)
      for (let next = frameIn(unread); next !== undefined; next = frameIn(unread)) {
        frames.push(next.frame)
        unread = unread.subarray(next.length)
        if (next.frame.opcode === closing) socket.end()
      }
    }
    const done = () => resume(Effect.succeed(frames))
    socket.on("data", (chunk) => {
      unread = Buffer.concat([unread, chunk])
      take()
    })
    socket.on("close", done)
    if (socket.destroyed) done()
    socket.resume()
  })

const frameIn = (bytes: Buffer): { readonly frame: Frame; readonly length: number } | undefined => {
  if (bytes.length < 10 && bytes.length < 2 + ((bytes[1] ?? 127) & 0x7f)) return undefined
  const short = (bytes[1] ?? 0) & 0x7f
  const [size, header] =
    short < 126 ? [short, 2] : short === 126 ? [bytes.readUInt16BE(2), 4] : [Number(bytes.readBigUInt64BE(2)), 10]
  if (bytes.length < header + size) return undefined
  return {
    frame: { opcode: (bytes[0] ?? 0) & 0x0f, payload: bytes.subarray(header, header + size) },
    length: header + size
  }
}
