/**
 * The program of a liveness thread. It sleeps while the event loop of the service beats. While that is blocked, it accepts
 * the connections of the service, answers requests for health, and keeps every other one until the event loop is back.
 *
 * It uses modules of Node only, for a small thread that lives as long as the service.
 */
import { receiveMessageOnPort, workerData } from "node:worker_threads"
import type { Condition } from "../../Run/Metrics/Report.js"
import type { FromThread, ThreadData, ToThread } from "../Messages.js"
import * as Connections from "./connections.js"
import * as Pulse from "./pulse.js"
import * as Sockets from "./sockets.js"

const data: ThreadData = workerData
const { health, memory, port } = data
let condition: Condition = JSON.parse(data.condition)

const send = (message: FromThread, moved?: Uint8Array<ArrayBuffer>): void =>
  port.postMessage(message, moved === undefined ? [] : [moved.buffer])

const { blockedMillis, sleep } = Pulse.make(memory)
const connections = Connections.make({ health, condition: () => condition, blockedMillis, send })
const sockets = Sockets.make({ take: connections.take, send })

const follow = (message: ToThread): void => {
  switch (message._tag) {
    case "Watch":
      return void sockets.watch(message)
    case "Leave":
      // The service learns of all connections of the socket before it learns that there will be no more.
      connections.passOn()
      return void sockets.leave(message.socket)
    case "Condition":
      condition = JSON.parse(message.condition)
      return
    default:
      return void connections.follow(message)
  }
}

port.on("message", follow)

/** Follows the messages that have arrived, which the event loop of this thread may deliver later only. */
const followAll = (): void => {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    follow(next.message)
  }
}

/** Milliseconds of one turn of this thread's event loop, in which it accepts connections and reads messages. */
const turnMillis = 10

/** Turns after a block in which relayed connections may end. Most do, and then the thread can sleep. */
const turnsToEnd = 20

let turnsAwake = 0

const look = (): void => {
  if (blockedMillis() !== undefined) {
    turnsAwake = 0
    sockets.accept()
  } else {
    connections.passOn()
    if (!connections.areOpen() && !sockets.isFetching()) {
      turnsAwake = 0
      sleep()
      followAll()
      return void setTimeout(look)
    }
    if (connections.relayed() > 0 && ++turnsAwake > turnsToEnd) sockets.rest()
  }
  setTimeout(look, turnMillis)
}

look()
