/**
 * The program of the door of containers: `node relay.mjs FOLDER PORT`. It accepts the connections of a port and relays each
 * one to the Unix socket `GENERATION.sock` of the folder, where the generation is the one in `state.json`. With
 * `tcp:NAME:PORT` in place of a folder it relays to the addresses of a name in turn, as a swarm has one for the tasks of a
 * service.
 *
 * A connection belongs to the instance that has acknowledged it, and nothing of the caller is sent before. So a connection
 * that an instance does not take any more, because it ends or because another one leads, is not lost: the door offers it
 * again. The first line that an instance gets is that of the PROXY protocol, with the address of the caller.
 *
 * It uses modules of Node only, for a small process that lives as long as the deployment.
 */
import * as Fs from "node:fs"
import type { Server } from "node:http"
import * as Net from "node:net"
import * as Path from "node:path"
import { makeServer } from "./answer.js"
import { generationIn, pathsOf } from "./files.js"
import * as Name from "./name.js"
import * as Outage from "./outage.js"
import { periodMillis } from "./patience.js"

/** Milliseconds between two offers of one connection. */
const offerMillis = 20

/** Milliseconds in which an instance at an address takes a connection. */
const silenceMillis = 2_000

/** Milliseconds in which open connections may end after the signal to end. */
const endMillis = 2_000

/** Milliseconds in which a caller may end its connection after the instance has ended its side. */
const lingerMillis = 30_000

/** The most connections that wait in the system to be accepted. */
const backlog = 4_096

/** Relays until SIGTERM. */
export const relay = (to: string, port: number): void => {
  const outage = Outage.make()
  const target = Name.of(to) === undefined ? follow(to, outage.end) : Name.follow(to)
  const answers = makeServer()
  const callers = new Set<Net.Socket>()

  const offer = (caller: Net.Socket): void => {
    if (caller.destroyed) return
    const later = (): void => {
      outage.begin()
      if (outage.isLong()) refuse(answers, caller)
      else setTimeout(offer, offerMillis, caller)
    }
    const place = target()
    if (place === undefined) {
      later()
      return
    }
    const instance = Net.connect({ ...place, allowHalfOpen: true })
    const refused = (): void => {
      clearTimeout(silence)
      instance.destroy()
      later()
    }
    // A node that is lost answers nothing. The event loop of a busy instance may take its time at a local socket.
    const silence = "path" in place ? undefined : setTimeout(refused, silenceMillis)
    instance.once("error", refused)
    instance.once("end", refused)
    instance.once("connect", () => instance.write(introductionOf(caller)))
    instance.once("readable", () => {
      if (instance.read(1) === null) return
      clearTimeout(silence)
      instance.off("error", refused)
      instance.off("end", refused)
      outage.end()
      join(caller, instance)
    })
  }

  const server = Net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true, keepAlive: true })
  server.on("connection", (caller) => {
    callers.add(caller)
    caller.once("close", () => callers.delete(caller))
    caller.on("error", () => caller.destroy())
    offer(caller)
  })
  server.listen({ host: "0.0.0.0", port, backlog })
  setInterval(() => {
    const place = outage.isOn() ? target() : undefined
    if (place !== undefined) probe(place, outage.end)
  }, periodMillis)
  process.once("SIGTERM", () => {
    server.close(() => process.exit(0))
    setTimeout(() => process.exit(0), endMillis).unref()
  })
}

// internal

/** The socket of the generation that leads; `undefined` before the first one. */
const follow = (folder: string, changed: () => void): (() => { readonly path: string } | undefined) => {
  const { state } = pathsOf(folder)
  let path: string | undefined
  const look = (): void => {
    // The file is missing or incomplete in the moment in which it is replaced.
    const generation = generationIn(state)
    const next = generation === undefined ? path : Path.join(folder, `${generation}.sock`)
    if (next !== path) changed()
    path = next
  }
  Fs.watch(folder, look).on("error", () => {})
  setInterval(look, periodMillis)
  look()
  return () => (path === undefined ? undefined : { path })
}

/** The line with the address of the caller, as in version 1 of the PROXY protocol. */
const introductionOf = ({ localAddress, localPort, remoteAddress, remoteFamily, remotePort }: Net.Socket): string =>
  remoteAddress === undefined
    ? "PROXY UNKNOWN\r\n"
    : `PROXY ${remoteFamily === "IPv6" ? "TCP6" : "TCP4"} ${remoteAddress} ${localAddress} ${remotePort} ${localPort}\r\n`

/** The connection was accepted without reading it, and the server does not start that. */
const refuse = (answers: Server, caller: Net.Socket): void => {
  answers.emit("connection", caller)
  caller.resume()
}

const join = (caller: Net.Socket, instance: Net.Socket): void => {
  // A cut connection has to look cut to the caller, who would take an end for the end of the answer.
  instance.once("error", () => caller.resetAndDestroy())
  instance.once("end", () => caller.setTimeout(lingerMillis, () => caller.destroy()))
  instance.once("close", () => {
    if (!instance.readableEnded) caller.resetAndDestroy()
  })
  caller.once("close", () => instance.destroy())
  caller.pipe(instance)
  instance.pipe(caller)
}

/** Sees whether an instance listens. */
const probe = (place: { readonly path: string } | Name.Place, listens: () => void): void => {
  const socket = Net.connect(place)
  socket.once("error", () => {})
  socket.once("connect", () => {
    listens()
    socket.destroy()
  })
}

const [to = "", port] = process.argv.slice(2)

relay(to, Number(port))
