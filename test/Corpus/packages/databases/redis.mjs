import { createClient } from "redis"

export const answer = async () => {
  const client = createClient({ socket: { host: "127.0.0.1", port: 1, reconnectStrategy: false } })
  client.on("error", () => {})
  return client.connect().then(
    () => "connected",
    (error) => error.code
  )
}
