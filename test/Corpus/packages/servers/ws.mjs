import { once } from "node:events"
import { WebSocket, WebSocketServer } from "ws"

export const answer = async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
  server.on("connection", (socket) => socket.on("message", (data) => socket.send(`${data}!`)))
  await once(server, "listening")
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`)
  await once(client, "open")
  client.send("hi")
  const [message] = await once(client, "message")
  client.terminate()
  server.close()
  return String(message)
}
