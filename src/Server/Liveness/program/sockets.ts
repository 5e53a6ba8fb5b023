/** The listening sockets of the service, at which this thread accepts while the event loop is blocked. */
import * as Fs from "node:fs"
import type * as Net from "node:net"
import type { Door, FromThread, ToThread } from "../Messages.js"
import * as Duplicates from "./duplicates.js"
import * as Listener from "./listener.js"

export interface Sockets {
  readonly watch: (message: Watch) => void
  readonly leave: (socket: number) => void
  /** Accepts at every socket whose door leads here. */
  readonly accept: () => void
  /** Accepts at no socket, as far as there is a duplicate to accept at later. */
  readonly rest: () => void
  /** True while duplicates are on their way, which need this thread's event loop. */
  readonly isFetching: () => boolean
}

type Watch = Extract<ToThread, { readonly _tag: "Watch" }>

export const make = (options: {
  readonly take: (connection: Net.Socket, socket: number, isRelayed: boolean) => void
  readonly send: (message: FromThread) => void
}): Sockets => {
  const sockets = new Map<number, Watched>()

  const open = (socket: number, watched: Watched): void => {
    if (watched.server !== undefined) return
    const duplicate = watched.duplicates.pop()
    if (duplicate === undefined) return
    watched.server = Listener.at(duplicate, (connection) => options.take(connection, socket, watched.isRelayed))
  }

  const fill = (socket: number, watched: Watched): void => {
    if (watched.fetching !== undefined || watched.isGivenUp) return
    watched.fetching = Duplicates.fetch(watched.descriptor, (duplicates, problem) => {
      watched.fetching = undefined
      watched.isGivenUp = problem !== undefined
      watched.duplicates.push(...duplicates)
      options.send({ _tag: "Watching", socket, ...(problem === undefined ? {} : { problem }) })
    })
  }

  return {
    watch: ({ descriptor, door, isRelayed, socket }) => {
      const none = { duplicates: [], server: undefined, fetching: undefined, isGivenUp: false }
      const watched: Watched = { descriptor, door, isRelayed, ...none }
      sockets.set(socket, watched)
      fill(socket, watched)
    },
    leave: (socket) => {
      const watched = sockets.get(socket)
      sockets.delete(socket)
      const left = () => {
        watched?.server?.close()
        for (const duplicate of watched?.duplicates ?? []) duplicate.close()
        options.send({ _tag: "Left", socket })
      }
      if (watched?.fetching === undefined) left()
      else watched.fetching.stop(left)
    },
    accept: () => {
      for (const [socket, watched] of sockets) {
        if (leads(watched.door)) open(socket, watched)
        else {
          watched.server?.close()
          watched.server = undefined
        }
      }
    },
    rest: () => {
      for (const [socket, watched] of sockets) {
        if (watched.duplicates.length <= 1) fill(socket, watched)
        if (watched.duplicates.length === 0) continue
        watched.server?.close()
        watched.server = undefined
      }
    },
    isFetching: () => [...sockets.values()].some(({ fetching }) => fetching !== undefined)
  }
}

// internal

/** False when another version has taken the callers of a door, which the blocked event loop cannot see. */
const leads = (door: Door | undefined): boolean => {
  if (door === undefined) return true
  try {
    return JSON.parse(Fs.readFileSync(door.file, "utf8")).generation === door.generation
  } catch {
    return true
  }
}

interface Watched {
  readonly descriptor: number
  readonly door: Door | undefined
  readonly isRelayed: boolean
  readonly duplicates: Array<Duplicates.Handle>
  server: Listener.Listener | undefined
  fetching: Duplicates.Fetching | undefined
  /** True if duplicates could not be fetched. */
  isGivenUp: boolean
}
