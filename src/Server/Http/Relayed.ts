/** Connections that the relay of a door brings to a Unix socket, which only the door of the deployment reaches. */
import type { Socket } from "node:net"

/**
 * Takes a connection: reads the line of the PROXY protocol with which the relay introduces its caller, gives the connection
 * the addresses of the caller, acknowledges it and serves it. A connection without a valid line is closed.
 */
export const take = (connection: Socket, serve: (connection: Socket) => void): void => {
  let text = ""
  const refuse = (): void => {
    connection.destroy()
  }
  const read = (bytes: Buffer): void => {
    text += bytes.toString("latin1")
    const isWhole = text.endsWith("\r\n")
    const addresses = isWhole ? parse(text) : undefined
    if (addresses === undefined) {
      if (isWhole || text.length > longestLine) refuse()
      return
    }
    connection.off("data", read)
    for (const event of ["error", "end", "timeout"]) connection.off(event, refuse)
    connection.setTimeout(0)
    Object.defineProperties(connection, addresses)
    connection.write(relayTaken)
    // In the same step, so that nothing of the caller can arrive before.
    serve(connection)
  }
  // A relay that only checks whether the service listens ends the connection.
  for (const event of ["error", "end", "timeout"]) connection.on(event, refuse)
  connection.setTimeout(introductionMillis)
  connection.on("data", read)
}

// internal

/**
 * The byte with which an instance takes a relayed connection. Before that the door sends the line of the PROXY protocol
 * (version 1) and nothing of the caller.
 */
const relayTaken = "\n"

/** The longest line of version 1. */
const longestLine = 107

/** The time for the introduction. */
const introductionMillis = 10_000

const valid = /^PROXY (TCP[46]) (\S+) \S+ (\d{1,5}) (\d{1,5})\r\n$/

/** The properties of a connection with the addresses of a line; none if the line is not valid. */
const parse = (line: string): PropertyDescriptorMap | undefined => {
  // The caller has gone before the relay could ask for its address.
  if (line === "PROXY UNKNOWN\r\n") return {}
  const [, version, address, port, localPort] = valid.exec(line) ?? []
  return version === undefined
    ? undefined
    : {
        remoteFamily: { value: version === "TCP6" ? "IPv6" : "IPv4" },
        remoteAddress: { value: address },
        remotePort: { value: Number(port) },
        localPort: { value: Number(localPort) }
      }
}
