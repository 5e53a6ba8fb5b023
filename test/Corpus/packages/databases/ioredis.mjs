import Redis from "ioredis"

export const answer = async () => {
  const redis = new Redis({ port: 1, host: "127.0.0.1", lazyConnect: true, retryStrategy: () => null })
  redis.on("error", () => {})
  const failure = await redis.connect().catch((error) => error.message.length > 0)
  return [failure, redis.status, typeof redis.hgetall]
}
