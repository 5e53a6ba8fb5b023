import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import log4js from "log4js"

export const answer = async () => {
  const filename = join(mkdtempSync(join(tmpdir(), "log4js-")), "log")
  log4js.configure({
    appenders: { file: { type: "file", filename, layout: { type: "messagePassThrough" } } },
    categories: { default: { appenders: ["file"], level: "info" } }
  })
  log4js.getLogger().info("hello")
  await new Promise((resolve) => log4js.shutdown(resolve))
  return readFileSync(filename, "utf8")
}
