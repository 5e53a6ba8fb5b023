import { join } from "node:path"
import Bree from "bree"

export const answer = () =>
  new Promise((resolve, reject) => {
    const messages = []
    const bree = new Bree({
      root: join(import.meta.dirname, "jobs"),
      defaultExtension: "mjs",
      jobs: ["count"],
      logger: false,
      errorHandler: reject,
      workerMessageHandler: ({ message, name }) => {
        messages.push([name, message])
        if (message === "done") bree.stop().then(() => resolve(messages), reject)
      }
    })
    bree.run("count").catch(reject)
  })
