import { Server } from "socket.io"

export const answer = () => {
  const io = new Server()
  return [io.path(), io.of("/chat").name]
}
