/**
 * The connections that this thread has accepted. A request for health is answered here while the event loop is blocked.
 * Every other connection is relayed: its bytes go to the service, which reads them when its event loop turns again.
 */
import type * as Net from "node:net"
import * as Relayed from "../../Http/Relayed.js"
import type { Condition } from "../../Run/Metrics/Report.js"
import type { Addresses, FromThread, HealthRoutes, ToThread } from "../Messages.js"
import * as Answer from "./answer.js"
import * as Request from "./request.js"

export interface Connections {
  /** Takes a connection that was accepted at a socket. */
  readonly take: (connection: Net.Socket, socket: number, isRelayed: boolean) => void
  /** Relays the connections whose first request has not arrived yet, and leaves those whose door has not introduced them. */
  readonly passOn: () => void
  /** The number of relayed connections. */
  readonly relayed: () => number
  /** True while a connection is open. */
  readonly areOpen: () => boolean
  /** Follows a message of the service about a relayed connection. */
  readonly follow: (message: Extract<ToThread, { readonly connection: number }>) => void
}

export interface Options {
  readonly health: HealthRoutes
  readonly condition: () => Condition
  readonly blockedMillis: () => number | undefined
  readonly send: (message: FromThread, moved?: Uint8Array<ArrayBuffer>) => void
}

export const make = (options: Options): Connections => {
  const open = new Set<Net.Socket>()
  const undecided = new Map<Net.Socket, () => void>()
  const relay = makeRelay(options)
  return {
    take: (connection, socket, isRelayed) => {
      const begin = (): void => {
        if (options.blockedMillis() === undefined) relay.add(connection, socket, [])
        else
          readFirst(connection, options, {
            begun: (passOn) => undecided.set(connection, passOn),
            decided: () => undecided.delete(connection),
            other: (first) => relay.add(connection, socket, first)
          })
      }
      const leave = () => undecided.delete(connection)
      open.add(connection)
      connection.once("close", () => open.delete(connection)).on("error", () => {})
      if (!isRelayed) return begin()
      // The door offers it again.
      undecided.set(connection, () => connection.destroy())
      connection.once("close", leave)
      Relayed.take(connection, () => {
        leave()
        connection.off("close", leave)
        begin()
      })
    },
    passOn: () => {
      for (const passOn of [...undecided.values()]) passOn()
    },
    relayed: relay.size,
    areOpen: () => open.size > 0,
    follow: relay.follow
  }
}

// internal

/** As many as wait in the socket itself. */
const maxRelayed = 4_096

/** Milliseconds for a caller to close its side after its answer. */
const closingMillis = 5_000

/** Reads a connection until its first request is answered, or is another one than for health. */
const readFirst = (
  connection: Net.Socket,
  { blockedMillis, condition, health }: Options,
  to: {
    readonly begun: (passOn: () => void) => void
    readonly decided: () => void
    readonly other: (begin: ReadonlyArray<Buffer>) => void
  }
): void => {
  const parts: Array<Buffer> = []
  const stop = () => {
    connection.off("data", onData).off("end", passOn).off("close", to.decided)
    to.decided()
  }
  const passOn = () => {
    stop()
    to.other(parts)
  }
  const onData = (part: Buffer) => {
    parts.push(part)
    const millis = blockedMillis()
    const reading = millis === undefined ? "other" : Request.read(Buffer.concat(parts), health)
    if (reading === "more") return
    if (reading === "other" || millis === undefined) return passOn()
    stop()
    connection.setTimeout(closingMillis, () => connection.destroy())
    connection.end(Answer.make(reading, condition(), millis, health))
    connection.resume()
  }
  to.begun(passOn)
  connection.on("data", onData).once("end", passOn).once("close", to.decided)
}

const makeRelay = ({ send }: Options) => {
  const relayed = new Map<number, Net.Socket>()
  let last = 0
  return {
    size: () => relayed.size,
    add: (connection: Net.Socket, socket: number, begin: ReadonlyArray<Buffer>): void => {
      if (relayed.size >= maxRelayed) return void connection.end(Answer.tooMany, () => connection.destroy())
      const id = ++last
      const give = (bytes: Buffer) => {
        connection.pause()
        const copy = new Uint8Array(bytes)
        send({ _tag: "Data", connection: id, bytes: copy }, copy)
      }
      relayed.set(id, connection)
      connection.pause()
      send({ _tag: "Opened", connection: id, socket, addresses: addressesOf(connection) })
      for (const bytes of begin) give(bytes)
      const end = () => send({ _tag: "End", connection: id })
      if (connection.readableEnded) end()
      connection.on("data", give).once("end", end)
      connection.pause()
      connection.once("close", () => {
        relayed.delete(id)
        send({ _tag: "Closed", connection: id })
      })
    },
    follow: (message: Extract<ToThread, { readonly connection: number }>): void => {
      const { connection: id } = message
      const connection = relayed.get(id)
      const written = () => send({ _tag: "Written", connection: id })
      switch (message._tag) {
        case "More":
          return void connection?.resume()
        case "Data":
          return void connection?.write(message.bytes, written)
        case "End":
          return void connection?.end(written)
        case "Destroy":
          return void connection?.destroy()
      }
    }
  }
}

const addressesOf = ({ localAddress, localPort, remoteAddress, remoteFamily, remotePort }: Net.Socket): Addresses => ({
  localAddress,
  localPort,
  remoteAddress,
  remoteFamily,
  remotePort
})
