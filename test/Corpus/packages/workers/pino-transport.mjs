import { once } from "node:events"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pino from "pino"

export const answer = async () => {
  const destination = join(mkdtempSync(join(tmpdir(), "pino-")), "log")
  const transport = pino.transport({
    targets: [
      { target: "pino/file", options: { destination } },
      {
        target: "pino-pretty",
        options: { destination: `${destination}.pretty`, colorize: false, ignore: "pid,hostname,time" }
      }
    ]
  })
  pino({ base: undefined, timestamp: false }, transport).info({ n: 1 }, "hello")
  transport.end()
  await once(transport, "close")
  return [readFileSync(destination, "utf8"), readFileSync(`${destination}.pretty`, "utf8")]
}
