// Connections over bare sockets that do little more than send bytes and find the end of an answer: where the generator is
// not to be what is overloaded.
import { connect } from "node:net"

/** The bytes of a request. */
export const requestOf = ({ body, headers, method, url }) => {
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
export const openPool = ({ connections, onAnswer, onError, request, url }) => {
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
