// Open loop: requests come at their time, whatever became of the earlier ones, and are timed from when they were due.
// autocannon sends what a rate allows for a second at once, so this is written over sockets.
import { connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { startCounting } from "./counting.mjs"

const settleMillis = 1_000

const requestOf = ({ body, headers, method, url }) => {
  const { host, pathname } = new URL(url)
  const lines = Object.entries({ host, ...headers, "content-length": Buffer.byteLength(body) })
  return Buffer.from(
    `${method} ${pathname} HTTP/1.1\r\n${lines.map(([name, text]) => `${name}: ${text}\r\n`).join("")}\r\n${body}`
  )
}

/** The answer at the start of some bytes, once its head is there. */
const headOf = (text) => {
  const end = text.indexOf("\r\n\r\n")
  if (end === -1) return undefined
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1]
  if (length === undefined) throw new Error(`An answer has no length: ${text.slice(0, end)}`)
  const closes = /\r\nconnection: close/i.test(text.slice(0, end))
  return { status: Number(text.slice(9, 12)), size: end + 4 + Number(length), closes }
}

/** Connections that are opened when all others wait for answers, up to a number. */
const openPool = ({ connections, onAnswer, onError, request, url }) => {
  const { hostname, port } = new URL(url)
  const idle = []
  const all = new Set()
  const waiting = []
  const send = (line, due) => {
    line.due = due
    line.socket.write(request)
  }
  const next = (line, closes) => {
    if (closes) {
      all.delete(line)
      line.socket.destroy()
      if (waiting.length > 0) open(waiting.shift())
    } else if (waiting.length > 0) send(line, waiting.shift())
    else idle.push(line)
  }
  const open = (due) => {
    const line = { socket: connect({ host: hostname, port: Number(port), noDelay: true }), due, text: "" }
    all.add(line)
    line.socket.on("data", (chunk) => {
      line.text += chunk.toString("latin1")
      const head = headOf(line.text)
      if (head === undefined || line.text.length < head.size) return
      line.text = line.text.slice(head.size)
      onAnswer(head.status, performance.now() - line.due)
      next(line, head.closes)
    })
    line.socket.on("error", onError)
    line.socket.on("close", () => {
      all.delete(line)
      const place = idle.indexOf(line)
      if (place !== -1) idle.splice(place, 1)
    })
    line.socket.write(request)
  }
  return {
    ask: (due) => {
      const line = idle.pop()
      if (line !== undefined) send(line, due)
      else if (all.size < connections) open(due)
      else waiting.push(due)
    },
    close: () => {
      for (const { socket } of all) socket.destroy()
    }
  }
}

/** So many requests a second, over at most so many connections. */
export const runPaced = async (job) => {
  const { connections, pid, rate, seconds, url } = job
  const counting = startCounting({ pid, seconds, settleMillis })
  let errors = 0
  const onError = () => {
    if (!counting.hasEnded()) errors++
  }
  const pool = openPool({ connections, onAnswer: counting.count, onError, request: requestOf(job), url })
  const begun = performance.now()
  for (let sent = 0; !counting.hasEnded(); await sleep(1)) {
    const due = ((performance.now() - begun) / 1000) * rate
    for (; sent < due; sent++) pool.ask(begun + (sent * 1000) / rate)
  }
  pool.close()
  return { ...counting.result(), errors }
}
