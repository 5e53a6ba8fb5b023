/** One connection through the proxy. Clients that break off, and engines that do, break off on the other side too. */
import { connect, type Socket } from "node:net"
import type { Disturbance } from "./Rule.js"

/**
 * Connects a client to the engine at `path`. `decide` is asked when the head of a request is there; `later` runs something
 * after a time.
 */
export const pipe = (
  client: Socket,
  path: string,
  decide: (method: string, path: string) => Disturbance | undefined,
  later: (millis: number, then: () => void) => void
): void => {
  const engine = connect({ path })
  const request = new Message()
  const answer = new Message()
  let fate: Disturbance | undefined
  let decided = false
  const held: Array<Buffer> = []

  const forward = () => {
    for (const bytes of held.splice(0)) engine.write(bytes)
    if (fate?._tag === "DropAfter" && fate.when === "at once" && request.isWhole) client.destroy()
    if (fate?._tag === "HalfClose" && request.isWhole) client.end()
  }
  const start = () => {
    if (fate?._tag === "DropBefore") {
      client.destroy()
      engine.destroy()
    } else if (fate?._tag === "Delay") {
      const { millis } = fate
      fate = undefined
      decided = false
      later(millis, () => {
        decided = true
        forward()
      })
    } else {
      decided = true
      forward()
    }
  }

  client.on("data", (bytes) => {
    const knew = request.hasHead
    request.add(bytes)
    held.push(bytes)
    if (!knew && request.hasHead) {
      const [method = "", target = ""] = request.head.split(" ", 2)
      fate = decide(method, target)
      start()
    } else if (decided) {
      forward()
    }
  })
  engine.on("data", (bytes) => {
    const knew = answer.hasHead
    const before = answer.length
    answer.add(bytes)
    if (!client.destroyed && client.writable) send(client, bytes, fate, { knew, before, answer })
  })
  // What was passed on is carried out: only the way back is cut.
  client.on("end", () => engine.end())
  client.on("close", () => engine.end())
  engine.on("close", () => client.end())
  for (const socket of [client, engine]) socket.on("error", () => undefined)
}

// internal

class Message {
  private text = ""

  add(bytes: Buffer): void {
    this.text += bytes.toString("latin1")
  }

  get length(): number {
    return this.text.length
  }

  get headLength(): number {
    return this.text.indexOf("\r\n\r\n") + 4
  }

  get hasHead(): boolean {
    return this.text.includes("\r\n\r\n")
  }

  get head(): string {
    return this.text.slice(0, this.headLength)
  }

  get isWhole(): boolean {
    if (!this.hasHead) return false
    return this.length - this.headLength >= Number(/content-length: (\d+)/i.exec(this.head)?.[1] ?? 0)
  }
}

interface Progress {
  readonly knew: boolean
  readonly before: number
  readonly answer: Message
}

const send = (client: Socket, bytes: Buffer, fate: Disturbance | undefined, progress: Progress): void => {
  switch (fate?._tag) {
    case "DropAfter":
      client.destroy()
      return
    case "Rewrite":
      client.end(rewritten(fate.status, fate.body ?? JSON.stringify({ message: "the answer was rewritten" })))
      return
    case "Truncate": {
      const left = fate.bytes - progress.before
      if (left > 0) client.write(bytes.subarray(0, left))
      if (bytes.length >= left) client.destroySoon()
      return
    }
    case "Corrupt":
      client.write(corrupted(bytes, progress))
      return
    default:
      client.write(bytes)
  }
}

const rewritten = (status: number, body: string): string =>
  [
    `HTTP/1.1 ${status} Rewritten`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "",
    body
  ].join("\r\n")

/** Chunk lengths are no numbers any more, and JSON is none. */
const corrupted = (bytes: Buffer, { answer, before, knew }: Progress): Buffer => {
  const from = knew ? 0 : answer.hasHead ? answer.headLength - before : bytes.length
  return Buffer.concat([bytes.subarray(0, from), Buffer.alloc(Math.max(0, bytes.length - from), "~")])
}
