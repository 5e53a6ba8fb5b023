import { Queue } from "bullmq"

export const answer = async () => {
  const connection = {
    host: "127.0.0.1",
    port: 1,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0
  }
  const queue = new Queue("mail", { connection })
  queue.on("error", () => {})
  const failed = await queue.add("send", { to: "ada" }).catch((error) => error.name !== undefined)
  await queue.disconnect().catch(() => {})
  return [queue.name, queue.toKey("wait"), failed]
}
