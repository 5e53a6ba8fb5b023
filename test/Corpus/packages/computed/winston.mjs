import { Writable } from "node:stream"
import winston from "winston"

export const answer = async () => {
  const lines = []
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk))
      done()
    }
  })
  const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] })
  logger.info("hello")
  const finished = new Promise((resolve) => logger.on("finish", resolve))
  logger.end()
  await finished
  return lines
}
