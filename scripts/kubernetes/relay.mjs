// Relays connections: `relay.mjs PORT` accepts them at the socket that it inherits as file descriptor 3, and connects to that
// port of 127.0.0.1. The socket may belong to another network namespace than the process, so it leads from one to the other.
import { connect, createServer } from "node:net"

const port = Number(process.argv[2])

createServer((socket) => {
  const onward = connect({ host: "127.0.0.1", port })
  const end = () => {
    socket.destroy()
    onward.destroy()
  }
  for (const side of [socket, onward]) side.on("error", end).on("close", end)
  socket.pipe(onward).pipe(socket)
}).listen({ fd: 3 })
